import { type IssuedCertificate, issuedCertificateResource, type Revocation } from "@capstan/api";
import type { KubeClient } from "@capstan/kube";
import { hasEnded } from "./decide-reissue.ts";

const pageSize = 500;

/** Whether it names leaves by what they have in common, so that there may be many. */
export function namesSeveral({ spec: { target } }: Revocation): boolean {
  return target.publicKeySha256 !== undefined || target.serviceAccount !== undefined;
}

/**
 * Gives, from the ledger read live, the record of each valid leaf that a Revocation by public key or service account has
 * revoked, or found revoked. A leaf that was asked for after it, and that somebody else revokes, is not its business.
 */
export async function forEachReachedLeaf(
  { client, namespace, now }: { readonly client: KubeClient; readonly namespace: string; readonly now: () => Date },
  revocation: Revocation,
  act: (record: IssuedCertificate) => void,
  signal: AbortSignal,
): Promise<void> {
  const fieldSelector = selectorOf(revocation);
  let token: string | undefined;
  do {
    const query = { namespace, fieldSelector, limit: pageSize, continue: token, signal };
    const page = await client.list<IssuedCertificate>(issuedCertificateResource, query);
    for (const record of page.items)
      if (isReached(record, revocation, namespace) && !hasEnded(record, now().getTime())) act(record);
    token = page.continue;
  } while (token !== undefined);
}

function selectorOf({ metadata, spec: { target } }: Revocation): string {
  const { publicKeySha256, serviceAccount } = target;
  if (publicKeySha256 !== undefined) return `spec.publicKeySha256=${publicKeySha256}`;
  return `spec.requestNamespace=${serviceAccount?.namespace ?? metadata.namespace ?? ""}`;
}

/** The publisher has decided this by the ledger; deciding it again costs nothing. */
function isReached(
  { metadata, spec, status }: IssuedCertificate,
  revocation: Revocation,
  ownNamespace: string,
): boolean {
  const { revoked } = status ?? {};
  const { namespace = "", name, creationTimestamp = "" } = revocation.metadata;
  if (revoked === undefined || (namespace !== ownNamespace && namespace !== spec.requestNamespace)) return false;
  const { serviceAccount } = revocation.spec.target;
  const account = `system:serviceaccount:${spec.requestNamespace ?? ""}:${serviceAccount?.name ?? ""}`;
  if (serviceAccount !== undefined && spec.requester !== account) return false;
  const wasThere = Date.parse(metadata.creationTimestamp ?? "") <= Date.parse(creationTimestamp);
  return revoked.revocation === `${namespace}/${name}` || wasThere;
}
