import { checkExactlyOnce, type Counts } from "./check-exactly-once.ts";
import type { Evidence } from "./evidence.ts";
import type { Result } from "./result.ts";

/** So many faults of one rule are told; the others are most often the same. */
const faultsTold = 5;

/** One result for each rule, and what was counted. */
export function judge(
  run: string,
  evidence: Evidence,
): { readonly results: readonly Result[]; readonly counts: Counts } {
  const { findings, counts } = checkExactlyOnce(evidence);
  const results = findings.map(({ rule, looked, faults }): Result => {
    // A rule that had nothing to look at has shown nothing.
    const isShown = looked > 0 && faults.length === 0;
    const told = faults.slice(0, faultsTold).join("; ");
    const more = faults.length > faultsTold ? `; and ${faults.length - faultsTold} more` : "";
    const note = faults.length === 0 ? `${looked} looked at` : `${faults.length} of ${looked}: ${told}${more}`;
    return { run, name: rule, outcome: isShown ? "passed" : "failed", note };
  });
  return { results, counts };
}

/** `1000 requests, 1000 records, 212 audit logs, 1043 signatures: 1000 recorded, 43 never released (9 unknown)` */
export function formatCounts(counts: Counts): string {
  const { requests, records, auditLogs, signatures, recorded, neverReleased, unknown } = counts;
  return `${requests} requests, ${records} records, ${auditLogs} audit logs, ${signatures} signatures: ${recorded} recorded, ${neverReleased} never released (of ${unknown} it is unknown whether they were made)`;
}
