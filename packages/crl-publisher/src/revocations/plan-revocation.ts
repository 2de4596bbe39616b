import { type IssuedCertificate, type Revocation, revocationReasons } from "@capstan/api";

export type RevocationPlan =
  | { readonly do: "refuse"; readonly reason: string; readonly message: string }
  | { readonly do: "mark"; readonly record: IssuedCertificate }
  | { readonly do: "list"; readonly record: IssuedCertificate };

/**
 * Decides what a Revocation does to the ledger. `records` are the records that its target names: all with the serial,
 * or the one with the name.
 */
export function planRevocation(input: {
  readonly revocation: Revocation;
  readonly records: readonly IssuedCertificate[];
  readonly ownNamespace: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}): RevocationPlan {
  const { revocation, ownNamespace } = input;
  const { serial, issuedCertificate } = revocation.spec.target;
  const target = serial === undefined ? `IssuedCertificate ${issuedCertificate ?? ""}` : `serial ${serial}`;
  const { namespace } = revocation.metadata;
  // A workload's namespace reaches its own leaves only, and is not told about others'.
  const records =
    namespace === ownNamespace
      ? input.records
      : input.records.filter(({ spec }) => spec.requestNamespace === namespace);
  const [record, ...others] = records;
  if (record === undefined) {
    const where = namespace === ownNamespace ? "is in the ledger" : `was issued to namespace ${namespace ?? ""}`;
    return { do: "refuse", reason: revocationReasons.notFound, message: `no certificate with ${target} ${where}` };
  }
  if (others.length > 0) {
    return {
      do: "refuse",
      reason: revocationReasons.ambiguous,
      message: `${records.length} certificates have ${target}; name one by spec.target.issuedCertificate`,
    };
  }
  if (record.status?.revoked !== undefined) return { do: "list", record };
  if (Date.parse(record.spec.notAfter) <= input.now) {
    return {
      do: "refuse",
      reason: revocationReasons.expired,
      message: `the certificate with ${target} expired at ${record.spec.notAfter}`,
    };
  }
  return { do: "mark", record };
}
