import { randomUUID } from "node:crypto";
import type { CredentialStore } from "./credential-store.ts";
import type { Crl } from "./crls.ts";
import { resourceNotFound, validation } from "./errors.ts";
import { textFaults } from "./input.ts";
import type { Iam } from "./iam.ts";
import type { IdentityPolicy } from "./identity-policy.ts";
import type { Profile } from "./profiles.ts";
import type { Buckets } from "./quotas.ts";
import type { Role } from "./roles.ts";
import type { TrustAnchor } from "./trust-anchors.ts";
import type { Unknowns } from "./unknowns.ts";

/** What is stored for one account in one region. Records are replaced, never changed in place. */
export interface Account {
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  readonly id: string;
  readonly region: string;
  readonly now: () => Date;
  /** May change at any time. */
  readonly unknowns: Readonly<Unknowns>;
  readonly trustAnchors: Map<string, TrustAnchor>;
  readonly crls: Map<string, Crl>;
  readonly profiles: Map<string, Profile>;
  /** By role ARN. The same in every region. */
  readonly roles: Map<string, Role>;
  /** The same in every region. */
  readonly iam: Iam;
  /** By ARN. */
  readonly managedPolicies: ReadonlyMap<string, IdentityPolicy>;
  /** By resource ARN, then tag key. */
  readonly tags: Map<string, ReadonlyMap<string, string>>;
  /** What it held before recent changes, oldest first, and until when. */
  readonly past: { readonly until: number; readonly account: Account }[];
  /** Subject ids by the hex of the subject's DER. */
  readonly subjects: Map<string, string>;
  readonly buckets: Buckets;
  readonly credentials: CredentialStore;
}

/** What every stored resource has. */
export interface Resource {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type ResourceKind = "trust-anchor" | "crl" | "profile" | "subject";

/**
 * The same account with what the control plane has stored now: such changes to the copy do not show in the original, nor the
 * other way.
 */
export function copyOf(account: Account): Account {
  return {
    ...account,
    trustAnchors: new Map(account.trustAnchors),
    crls: new Map(account.crls),
    profiles: new Map(account.profiles),
    tags: new Map(account.tags),
  };
}

/** Names are 1 to 255 of these characters and need not be unique. */
export const NAME: { readonly min: number; readonly max: number; readonly pattern: RegExp } = {
  min: 1,
  max: 255,
  pattern: /^[ a-zA-Z0-9-_]*$/,
};

export function resourceArn(
  account: Pick<Account, "partition" | "id" | "region">,
  kind: ResourceKind,
  id: string,
): string {
  return `arn:${account.partition}:rolesanywhere:${account.region}:${account.id}:${kind}/${id}`;
}

/** The members of a resource that is created now. */
export function newResource(
  account: Account,
  kind: ResourceKind,
  given: { readonly name: string; readonly enabled: boolean | undefined },
): Resource {
  const id = randomUUID();
  const now = account.now();
  // What AWS does when `enabled` is left out is known for CRLs alone: they start disabled.
  const enabled = given.enabled ?? (kind !== "crl" && account.unknowns.enabledOmitted === "enabled");
  return { id, arn: resourceArn(account, kind, id), name: given.name, enabled, createdAt: now, updatedAt: now };
}

/** The resource that a path names. `member` is the path parameter's name in the model, for example `crlId`. */
export function findById<T extends Resource>(resources: ReadonlyMap<string, T>, id: string, member: string): T {
  const faults = textFaults({ pattern: /^[a-f0-9]{8}-([a-z0-9]{4}-){3}[a-z0-9]{12}$/ }, id, member);
  if (faults.length > 0) throw validation(`1 validation error detected: ${faults.join("; ")}`);
  const found = resources.get(id);
  if (found === undefined) throw resourceNotFound(`Resource not found: ${member} ${id}`);
  return found;
}

export function findByArn<T extends Resource>(resources: ReadonlyMap<string, T>, arn: string): T | undefined {
  return [...resources.values()].find((resource) => resource.arn === arn);
}

/** ISO 8601 with the six digits of a second that the service writes. */
export function timestamp(time: Date): string {
  return time.toISOString().replace("Z", "000Z");
}
