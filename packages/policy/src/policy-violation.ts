import type { Violation, ViolationCode } from "@capstan/ca-core";

/** Stable, as ca-core's codes are. */
export type PolicyViolationCode =
  | "ERR_POLICY_NAMESPACE"
  | "ERR_POLICY_CLUSTER_REQUEST"
  | "ERR_POLICY_WEBHOOK"
  | "ERR_POLICY_ATTESTATION"
  | "ERR_POLICY_NO_RULE"
  | "ERR_POLICY_NAME"
  | "ERR_POLICY_REQUIRED"
  | "ERR_POLICY_USAGE"
  | "ERR_POLICY_DURATION"
  | "ERR_POLICY_KEY"
  | "ERR_POLICY_CA"
  | "ERR_POLICY_VALIDATION"
  /** A condition took too long or too much memory: another time may go better. */
  | "ERR_POLICY_VALIDATION_ABORTED"
  /** The issuer or its authority is at fault, not the request. */
  | "ERR_POLICY_SETTING";

/** A broken rule of ca-core's profile or of the issuer's policy; ca-core's formatViolations writes it out. */
export interface PolicyViolation extends Omit<Violation, "code"> {
  readonly code: ViolationCode | PolicyViolationCode;
}
