import { type Revocation, revocationResource } from "@capstan/api";
import { isNotFound, type KubeClient, refOfKey } from "@capstan/kube";
import { missingRight } from "../explain-error.ts";
import type { Leaf } from "./leaf.ts";
import { findEqualRevocation, isAsked } from "./revocation.ts";

/** For each leaf the Revocation that does already what is asked, in this namespace or where the ledger says. */
export async function findExistingRevocations(
  client: KubeClient,
  leaves: readonly Leaf[],
  { namespace, reissue }: { readonly namespace: string; readonly reissue: boolean },
): Promise<readonly (Revocation | undefined)[]> {
  const { items } = await client.listAll<Revocation>(revocationResource, { namespace });
  return Promise.all(
    leaves.map(
      async (leaf) => findEqualRevocation(items, leaf, { reissue }) ?? (await readElsewhere(client, leaf, reissue)),
    ),
  );
}

/** Of another namespace, if it still exists and may be read; else a new one does no harm, and can be followed. */
async function readElsewhere(
  client: KubeClient,
  { revokedBy }: Leaf,
  reissue: boolean,
): Promise<Revocation | undefined> {
  // What the publisher revokes by itself names no Revocation: there is no slash in it.
  if (revokedBy?.includes("/") !== true) return undefined;
  try {
    const revocation = await client.get<Revocation>(revocationResource, refOfKey(revokedBy));
    return isAsked(revocation, reissue) ? revocation : undefined;
  } catch (error) {
    if (isNotFound(error) || missingRight(error) !== undefined) return undefined;
    throw error;
  }
}
