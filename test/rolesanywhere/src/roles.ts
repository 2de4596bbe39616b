import type { TrustPolicy } from "./trust-policy.ts";

/** An IAM role, as far as assuming it goes. */
export interface Role {
  readonly arn: string;
  /** The last part of the ARN's path. */
  readonly name: string;
  readonly trustPolicy: TrustPolicy;
  readonly maxSessionDurationSeconds: number;
}
