import { authorityReasons, type Condition } from "@capstan/api";
import { type CrlCapacity, capacityMarks } from "./crl-capacity.ts";

/** A condition without the times that `setCondition` adds. */
type ConditionState = Pick<Condition, "type" | "status" | "reason" | "message">;

/** A CRL that is older has missed refreshes. */
export const staleAfterMs: number = 2 * 3_600_000;

/** What is known of the CRL of one generation in use. */
export interface CrlOfGeneration {
  readonly generation: number;
  readonly crl: { readonly number: bigint; readonly thisUpdate: Date };
  /** Left out for a generation whose last CRL is all that is left of it. */
  readonly capacity?: CrlCapacity | undefined;
}

/**
 * CRLCurrent and CRLCapacity of a CertificateAuthority: whether its CRLs are made as often as they should be, and how much
 * room they have left. The fullest generation decides.
 *
 * @param now milliseconds since 1970
 *
 * @example
 * crlConditions([{ generation: 1, crl: published, capacity: published.capacity }], Date.now())
 */
export function crlConditions(crls: readonly CrlOfGeneration[], now: number): readonly ConditionState[] {
  return [current(crls, now), capacityCondition(crls)];
}

/** A generation whose key is gone makes no CRL any more: its last one is as good as it will be. */
function current(crls: readonly CrlOfGeneration[], now: number): ConditionState {
  const type = "CRLCurrent";
  const stale = crls.filter(
    ({ crl, capacity }) => capacity !== undefined && now - crl.thisUpdate.getTime() > staleAfterMs,
  );
  if (stale.length > 0) {
    const message = stale
      .map(({ generation, crl }) => `the CRL of generation ${generation} is of ${crl.thisUpdate.toISOString()}`)
      .join("; ");
    return { type, status: "False", reason: authorityReasons.crlStale, message };
  }
  const message = crls.map(({ crl }) => `CRL ${crl.number} says what the ledger says`).join("; ");
  return { type, status: "True", reason: "Signed", message };
}

function capacityCondition(crls: readonly CrlOfGeneration[]): ConditionState {
  const type = "CRLCapacity";
  const [fullest] = crls
    .flatMap(({ generation, capacity }) => (capacity === undefined ? [] : [{ generation, capacity }]))
    .toSorted((a, b) => b.capacity.fill - a.capacity.fill);
  if (fullest === undefined) return { type, status: "True", reason: authorityReasons.crlHasRoom, message: "" };
  const { generation, capacity } = fullest;
  return { type, ...capacityState(generation, capacity) };
}

function capacityState(generation: number, capacity: CrlCapacity): Omit<ConditionState, "type"> {
  const { fill, entries, reasons, waiting } = capacity;
  const size = `the CRL of generation ${generation} is ${Math.ceil(fill * 100)} percent full (${entries} entries)`;
  if (fill >= capacityMarks.full || waiting > 0) {
    const queue = waiting === 0 ? "" : `, and ${waiting} revoked certificates wait for room`;
    return {
      status: "False",
      reason: authorityReasons.crlFull,
      message: `${size}${queue}: only an administrator's key compromises are taken in. Revoke the whole generation: make a Revocation in Capstan's namespace with spec.target.generation.number ${generation}, or order a Rotate and let it drain`,
    };
  }
  if (reasons === "LeftOut") {
    const message = `${size} and leaves reasons out; rotate before it is full, or let entries expire`;
    return { status: "False", reason: authorityReasons.crlReasonsLeftOut, message };
  }
  if (fill >= capacityMarks.warn) {
    const message = `${size}; from ${capacityMarks.leaveReasonsOut * 100} percent on reasons are left out`;
    return { status: "False", reason: authorityReasons.crlFilling, message };
  }
  return { status: "True", reason: authorityReasons.crlHasRoom, message: size };
}
