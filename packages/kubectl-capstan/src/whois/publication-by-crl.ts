import type { CertificateAuthority, IssuedCertificate, RevocationList } from "@capstan/api";
import type { Publication } from "./read-publication.ts";

/** A CRL made so long after a revocation has it: the list takes a serial number within seconds, and a CRL is made each hour. */
const settledMs = 10 * 60_000;

/**
 * Whether AWS has a revocation whose Revocation is gone, told by the generation's list and what the trust anchors were read
 * back with. Undefined when that does not tell: too fresh, not on the list, or the CRL has no room for all that is.
 */
export function publicationByCrl(
  { spec, status }: IssuedCertificate,
  list: RevocationList,
  authority: CertificateAuthority,
): Publication | undefined {
  const { published, capacity } = list.status ?? {};
  const revokedAt = Date.parse(status?.revoked?.at ?? "");
  const isListed = list.spec.entries?.some((entry) => entry.startsWith(`${spec.serial} `)) === true;
  if (published === undefined || !isListed || (capacity?.waiting ?? 0) > 0) return undefined;
  if (!(Date.parse(published.thisUpdate) >= revokedAt + settledMs)) return undefined;
  const root = authority.status?.generations?.find(({ number }) => number === spec.generation)?.fingerprint;
  const anchors = (authority.status?.trustAnchors ?? []).flatMap(({ name, bundle, crls }) => {
    if (root === undefined || bundle?.includes(root) !== true) return [];
    const crlNumber = crls?.find(({ generation }) => generation === spec.generation)?.number;
    const isThere = crlNumber !== undefined && crlNumber >= published.number;
    return [{ name, published: isThere, ...(crlNumber === undefined ? {} : { crlNumber }) }];
  });
  // A behind anchor may hold an earlier CRL that has the serial too: only that all have the newest is certain.
  return anchors.every((anchor) => anchor.published) ? { published: true, anchors } : undefined;
}
