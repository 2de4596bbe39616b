import type { Identity } from "./setup.ts";

/** One write. What it sends is made when it is done, since the ARN of a new trust anchor is known only then. */
export type Action =
  | { readonly do: "create-anchor" }
  | { readonly do: "write-bundle"; readonly id: string; readonly bundlePem: string }
  | { readonly do: "create-role"; readonly identity: Identity }
  | { readonly do: "set-trust-policy"; readonly identity: Identity }
  | { readonly do: "put-policy"; readonly identity: Identity }
  | { readonly do: "tag-role"; readonly identity: Identity }
  | { readonly do: "create-profile"; readonly identity: Identity; readonly roleArn: string }
  | { readonly do: "update-profile"; readonly id: string; readonly roleArn: string }
  | { readonly do: "enable-profile"; readonly id: string }
  | { readonly do: "tag-profile"; readonly arn: string }
  | { readonly do: "delete-profile"; readonly id: string }
  | { readonly do: "delete-policy"; readonly roleName: string }
  | { readonly do: "delete-role"; readonly roleName: string }
  | { readonly do: "delete-crl"; readonly id: string }
  | { readonly do: "delete-anchor"; readonly id: string };

/** What becomes of one thing in AWS. */
export interface PlanEntry {
  /** For example `role capstan-fleet-prod-publisher`. */
  readonly subject: string;
  readonly change: "create" | "update" | "unchanged" | "delete" | "keep";
  /** Why, one line each. */
  readonly details: readonly string[];
  readonly actions: readonly Action[];
}

export interface Plan {
  /** In the order in which they are done. */
  readonly entries: readonly PlanEntry[];
  /** Why nothing may be done. */
  readonly conflicts: readonly string[];
  /** What the reader should know, and nothing is done about. */
  readonly notes: readonly string[];
}
