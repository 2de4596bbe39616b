import { failureReasons } from "@capstan/api";
import type { PolicyViolation } from "@capstan/policy";
import type { FailureReason } from "../requests/outcome.ts";

/** A broken rule: of ca-core, of the policy, or of this package. */
export type RequestViolation =
  | PolicyViolation
  | (Omit<PolicyViolation, "code"> & {
      readonly code:
        /** The duration is no Go duration. */
        | "ERR_DURATION"
        /** The request is too large to be kept in memory until it is answered. */
        | "ERR_REQUEST_SIZE"
        /** The ledger cannot describe the leaf. */
        | "ERR_LEDGER_SIZE"
        /** The leaf as planned breaks a rule of certificates: it is too large, say. */
        | "ERR_LEAF_LINT"
        | "ERR_LEAF_INPUT"
        | "ERR_LEAF_READ_BACK";
    });

/** cert-manager has words of its own for a bad duration. */
const reasons: ReadonlyMap<string, FailureReason> = new Map([
  ["ERR_DURATION", failureReasons.unreadableDuration],
  ["ERR_POLICY_DURATION", failureReasons.invalidDuration],
]);

/** The one reason for several violations: that of the first, unless they differ. */
export function failureReasonOf(violations: readonly RequestViolation[]): FailureReason {
  const found = new Set(violations.map(({ code }) => reasons.get(code) ?? failureReasons.refused));
  const [reason = failureReasons.refused] = found;
  return found.size > 1 ? failureReasons.refused : reason;
}
