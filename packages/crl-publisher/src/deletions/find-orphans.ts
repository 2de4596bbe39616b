import type { IssuedCertificate } from "@capstan/api";

type Owner = NonNullable<IssuedCertificate["spec"]["owner"]>;

/** What was there when the cluster was looked at. */
export interface LivingOwners {
  /** `namespace/name` of every Certificate. */
  readonly certificates: ReadonlySet<string>;
  /** The uid of every pod. */
  readonly pods: ReadonlySet<string>;
}

/**
 * Whether what a leaf was issued for is there. A Certificate by its name: one that is deleted and made again, as a restore
 * and GitOps do, finds the leaf in its Secret and goes on with it. A pod by its uid: another one of its name has a key of its
 * own. What the ledger names no owner for is nobody's to delete.
 */
const isThere: Readonly<Record<Owner["kind"], (owner: Owner, namespace: string, living: LivingOwners) => boolean>> = {
  Certificate: ({ name }, namespace, { certificates }) => certificates.has(`${namespace}/${name}`),
  Pod: ({ uid }, _namespace, { pods }) => pods.has(uid),
};

/**
 * The records whose owner is gone, of leaves that are valid and not revoked. `records` must have been read before `living`
 * was: an owner is there before its leaf.
 *
 * @param now milliseconds since 1970
 */
export function findOrphans(
  records: readonly IssuedCertificate[],
  living: LivingOwners,
  now: number,
): readonly IssuedCertificate[] {
  return records.filter(({ spec, status }) => {
    const { owner, requestNamespace, notAfter } = spec;
    if (owner === undefined || requestNamespace === undefined) return false;
    if (status?.revoked !== undefined || Date.parse(notAfter) <= now) return false;
    return !isThere[owner.kind](owner, requestNamespace, living);
  });
}
