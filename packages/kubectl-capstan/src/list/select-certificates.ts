import type { IssuedCertificate } from "@capstan/api";

export interface CertificateFilter {
  /** Part of the subject, a DNS name or a URI; case does not count. */
  readonly subject?: string | undefined;
  /** Also the publisher's own CRL sentinels. */
  readonly isAll: boolean;
}

/** What the API server cannot select by itself, newest first. */
export function selectCertificates(
  records: readonly IssuedCertificate[],
  filter: CertificateFilter,
): readonly IssuedCertificate[] {
  const wanted = filter.subject?.toLowerCase();
  const selected = records.filter(({ spec }) => {
    if (spec.purpose !== "Workload" && !filter.isAll) return false;
    if (wanted === undefined) return true;
    const names = [spec.subject, ...(spec.dnsNames ?? []), ...(spec.uris ?? [])];
    return names.some((name) => name.toLowerCase().includes(wanted));
  });
  return selected.toSorted((a, b) => compare(bornAt(b), bornAt(a)) || compare(a.spec.serial, b.spec.serial));
}

/** RFC 3339 in UTC with whole seconds, as the API server writes it, sorts as text. notBefore is backdated. */
function bornAt(record: IssuedCertificate): string {
  return record.metadata.creationTimestamp ?? record.spec.notBefore;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
