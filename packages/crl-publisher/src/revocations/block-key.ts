import { type RevocationList, revocationListResource } from "@capstan/api";
import { formatTime, type KubeClient, type ReadonlyStore } from "@capstan/kube";

type BlockedKey = NonNullable<RevocationList["spec"]["blockedKeys"]>[number];

/** As in the schema of RevocationList. */
const mostBlockedKeys = 500;
/** So that no namespace takes the room of the others. */
const mostOfOneNamespace = 50;

/** There is no room for another blocked key. */
export class BlockRefused extends Error {
  override readonly name = "BlockRefused";
  readonly code = "ERR_BLOCK_REFUSED";
}

/**
 * Has no certificate issued any more for a public key: in a namespace, or, without one, in any. The issuer reads the blocks
 * of every list of every authority, so one list of each authority is enough: that of its newest generation. A block that is
 * there stays as it is.
 *
 * @throws {BlockRefused}
 */
export async function blockKey(
  {
    client,
    lists,
    now,
  }: {
    readonly client: KubeClient;
    readonly lists: Pick<ReadonlyStore<RevocationList>, "list">;
    readonly now: () => Date;
  },
  key: Omit<BlockedKey, "at">,
  signal: AbortSignal,
): Promise<void> {
  for (const { metadata } of newestOfEach(lists.list())) {
    const { name, namespace = "" } = metadata;
    const list = await client.get<RevocationList>(revocationListResource, { name, namespace }, { signal });
    const blocked = list.spec.blockedKeys ?? [];
    if (blocked.some(({ sha256, namespace: of }) => sha256 === key.sha256 && of === key.namespace)) continue;
    assertRoom(blocked, key);
    const blockedKeys = [...blocked, { ...key, at: formatTime(now().getTime()) }];
    await client.replace<RevocationList>(
      revocationListResource,
      { ...list, spec: { ...list.spec, blockedKeys } },
      { signal },
    );
  }
}

function newestOfEach(lists: readonly RevocationList[]): readonly RevocationList[] {
  const newest = new Map<string, RevocationList>();
  for (const list of lists) {
    const known = newest.get(list.spec.authority);
    if (known === undefined || known.spec.generation < list.spec.generation) newest.set(list.spec.authority, list);
  }
  return [...newest.values()];
}

function assertRoom(blocked: readonly BlockedKey[], { namespace }: Omit<BlockedKey, "at">): void {
  const own = blocked.filter((one) => one.namespace === namespace).length;
  if (namespace !== undefined && own >= mostOfOneNamespace) {
    throw new BlockRefused(
      `${own} public keys are blocked for namespace ${namespace}, and no more can be; revoke certificates by their serials, or ask an administrator`,
    );
  }
  if (blocked.length < mostBlockedKeys) return;
  throw new BlockRefused(
    `${blocked.length} public keys are blocked, and no more can be; take those that nobody has any more out of spec.blockedKeys of the RevocationLists`,
  );
}
