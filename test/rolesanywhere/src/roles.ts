import type { TrustPolicy } from "./trust-policy.ts";

/** An IAM role. Records are replaced, never changed in place. */
export interface Role {
  readonly arn: string;
  /** `/` or `/…/`, between `role` and the name in the ARN. */
  readonly path: string;
  /** The last part of the ARN's path. */
  readonly name: string;
  readonly description: string | undefined;
  readonly trustPolicy: TrustPolicy;
  /** The trust policy as it was given, JSON. */
  readonly trustPolicyJson: string;
  /** Inline policies as they were given, JSON, by name. */
  readonly inlinePolicies: ReadonlyMap<string, string>;
  /** ARNs of attached managed policies. */
  readonly attachedPolicies: ReadonlySet<string>;
  readonly tags: ReadonlyMap<string, string>;
  readonly maxSessionDurationSeconds: number;
  readonly createdAt: Date;
}
