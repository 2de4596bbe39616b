import { type AuthorityOperation, authorityOperationResource } from "@capstan/api";
import { formatTime } from "@capstan/kube";
import type { OperationStatus } from "../authority/authority-parts.ts";
import { writeStatus } from "../authority/write-status.ts";
import type { RotationOptions } from "../rotation/rotation-options.ts";
import type { Seen } from "../rotation/seen.ts";

/** As the schema of CertificateAuthority has it; what is ordered beyond waits for its turn. */
const mostAtOnce = 32;

/**
 * Takes new operations into the authority's status, in the order in which they were made, behind those that are there. From
 * then on they are carried on from there, whatever becomes of the objects.
 *
 * @returns whether it wrote, so that what was seen is out of date
 */
export async function admitOperations(
  options: RotationOptions,
  { authority }: Seen,
  signal: AbortSignal,
): Promise<boolean> {
  const { client, namespace, now } = options;
  const before = authority.status?.operations ?? [];
  const candidates = options.operations
    .byIndex("authority", authority.metadata.name)
    .filter((operation) => !isOver(operation))
    .filter(({ metadata }) => !before.some(({ name, uid }) => name === metadata.name || uid === metadata.uid))
    .toSorted(byAge)
    .slice(0, mostAtOnce - before.length);
  const admitted: OperationStatus[] = [];
  for (const { metadata } of candidates) {
    // Live: the cache may not show yet that it is over.
    const ref = { namespace, name: metadata.name };
    const operation = await client.getOrUndefined<AuthorityOperation>(authorityOperationResource, ref, { signal });
    if (operation === undefined || isOver(operation) || operation.spec.authority !== authority.metadata.name) continue;
    admitted.push(entryOf(operation, now().getTime()));
  }
  if (admitted.length === 0) return false;
  for (const { name, kind, requestedBy } of admitted) {
    options.log.info(
      { authority: authority.metadata.name, operation: name, kind, requestedBy },
      "an operation was ordered",
    );
  }
  await writeStatus(client, authority, { ...authority.status, operations: [...before, ...admitted] }, signal);
  return true;
}

export function isOver({ status, metadata }: AuthorityOperation): boolean {
  return status?.phase === "Done" || status?.phase === "Refused" || metadata.deletionTimestamp !== undefined;
}

function byAge(left: AuthorityOperation, right: AuthorityOperation): number {
  const [a, b] = [left, right].map(({ metadata }) => `${metadata.creationTimestamp ?? ""} ${metadata.name}`);
  return (a ?? "") < (b ?? "") ? -1 : 1;
}

function entryOf({ metadata: { name, uid = "" }, spec }: AuthorityOperation, now: number): OperationStatus {
  const { authority: _authority, ...order } = spec;
  return { ...order, name, uid, seenAt: formatTime(now) };
}
