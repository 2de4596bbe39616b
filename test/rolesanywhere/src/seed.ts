import { randomUUID } from "node:crypto";
import { parse } from "yaml";
import { NAME, resourceArn } from "./account.ts";
import { isRecord } from "./input.ts";
import { DEFAULT_DURATION_SECONDS, DURATION, type Profile } from "./profiles.ts";
import { QUOTA_GROUPS, type Quotas } from "./quotas.ts";
import type { Role } from "./roles.ts";
import { PolicyError } from "./policy-document.ts";
import { parseTrustPolicy } from "./trust-policy.ts";

/** A role that exists from the start. */
export interface RoleSeed {
  /** `arn:{partition}:iam::{account}:role/{path and name}` of the account that it is given to. */
  readonly arn: string;
  /** The trust policy as IAM's JSON document. */
  readonly trustPolicy: unknown;
  /** Identity policies as IAM's JSON documents. Default is none, and that the role may do everything. */
  readonly policies?: readonly unknown[];
  /** The role's MaxSessionDuration in seconds, 3600 to 43200. Default is 3600. */
  readonly maxSessionDuration?: number;
}

/** A profile that exists from the start. */
export interface ProfileSeed {
  readonly name: string;
  readonly roleArns: readonly string[];
  /** 900 to 43200. Default is 3600. */
  readonly durationSeconds?: number;
  /** Default is true, unlike the API's: whoever writes a seed wants it to work. */
  readonly enabled?: boolean;
  /** Default is false. */
  readonly acceptRoleSessionName?: boolean;
  /** An identity policy as JSON: what sessions may at most do. Default is none. */
  readonly sessionPolicy?: string;
  /** Managed policies that say the same. The emulator must have been given each. Default is none. */
  readonly managedPolicyArns?: readonly string[];
  /** A UUID, for an ARN that is known beforehand. Default is a random one. */
  readonly id?: string;
  /** Default is the account's first one. */
  readonly region?: string;
}

/** An account that exists from the start. */
export interface AccountSeed {
  /** Twelve digits. */
  readonly id: string;
  /** At least one, all of one partition. Profiles are in the first unless they say otherwise. */
  readonly regions: readonly string[];
  /** Default is none. */
  readonly roles?: readonly RoleSeed[];
  /** Default is none. */
  readonly profiles?: readonly ProfileSeed[];
  /** Quotas that AWS has raised for this account, in every region. Default is AWS's own. */
  readonly quotas?: Partial<Quotas>;
}

/** What an administrator prepared in AWS before Capstan comes. */
export interface Seed {
  readonly roles: readonly RoleSeed[];
  readonly profiles: readonly ProfileSeed[];
  /** Absent when the file does not name any. */
  readonly accounts?: readonly AccountSeed[];
}

/** A seed that is not right. `message` names the place, the rule and the cure. */
export class SeedError extends Error {
  readonly code = "ERR_SEED";

  constructor(message: string) {
    super(message);
    this.name = "SeedError";
  }
}

/**
 * Reads a seed from YAML or JSON: `roles` and `profiles` of the account that the emulator's options name, and `accounts`
 * with roles and profiles of their own. ARNs are checked against the account when the emulator starts.
 *
 * @example
 * ```ts
 * const seed = readSeed(await readFile("aws-administrator.yaml", "utf8"));
 * const emulator = await startEmulator({ accessKeys, ...seed });
 * ```
 * @throws {SeedError}
 */
export function readSeed(text: string): Seed {
  const document = record(parseYaml(text), "the seed", ["roles", "profiles", "accounts"]);
  const accounts = document["accounts"];
  return {
    ...readResources(document, ""),
    ...(accounts === undefined
      ? {}
      : { accounts: array(accounts, "accounts").map((account, index) => readAccount(account, `accounts[${index}]`)) }),
  };
}

function readAccount(value: unknown, at: string): AccountSeed {
  const account = record(value, at, ["id", "regions", "roles", "profiles", "quotas"]);
  const quotas = account["quotas"];
  return {
    id: string(account["id"], `${at}.id`),
    regions: strings(account["regions"], `${at}.regions`),
    ...readResources(account, `${at}.`),
    ...(quotas === undefined ? {} : { quotas: readQuotas(quotas, `${at}.quotas`) }),
  };
}

function readQuotas(value: unknown, at: string): Partial<Quotas> {
  const groups = Object.entries(record(value, at, QUOTA_GROUPS)).map(([group, given]) => {
    const rate = record(given, `${at}.${group}`, ["perSecond", "burst"]);
    const positive = (name: string): number => {
      const number = rate[name];
      if (typeof number === "number" && number > 0) return number;
      throw new SeedError(`${at}.${group}.${name}: must be a number above 0`);
    };
    return [group, { perSecond: positive("perSecond"), burst: positive("burst") }] as const;
  });
  return Object.fromEntries(groups);
}

function readResources(
  document: Readonly<Record<string, unknown>>,
  at: string,
): { readonly roles: readonly RoleSeed[]; readonly profiles: readonly ProfileSeed[] } {
  const roles = array(document["roles"] ?? [], `${at}roles`).map((role, index) =>
    readRoleSeed(role, `${at}roles[${index}]`),
  );
  const profiles = array(document["profiles"] ?? [], `${at}profiles`).map((profile, index) =>
    readProfileSeed(profile, `${at}profiles[${index}]`),
  );
  const arns = new Set(roles.map((role) => role.arn));
  for (const [index, profile] of profiles.entries()) {
    const stranger = profile.roleArns.find((arn) => !arns.has(arn));
    if (stranger !== undefined) {
      throw new SeedError(`${at}profiles[${index}].roleArns: ${stranger} is not among the roles; add it there`);
    }
  }
  return { roles, profiles };
}

/** The role as stored. @throws {SeedError} */
export function roleFromSeed(
  seed: RoleSeed,
  account: { readonly id: string; readonly partition: string; readonly now: () => Date },
  at: string,
): Role {
  const { id, partition } = account;
  const match = /^arn:(aws[a-z-]*):iam::(\d{12}):role(\/(?:[\w+=,.@/-]+\/)?)([\w+=,.@-]{1,64})$/.exec(seed.arn);
  if (match?.[1] !== partition || match[2] !== id || match[3] === undefined || match[4] === undefined) {
    throw new SeedError(
      `${at}.arn: ${seed.arn} is not a role of account ${id} (arn:${partition}:iam::${id}:role/NAME)`,
    );
  }
  return {
    arn: seed.arn,
    path: match[3],
    name: match[4],
    description: undefined,
    trustPolicy: readPolicy(() => parseTrustPolicy(seed.trustPolicy, `${at}.trustPolicy`)),
    trustPolicyJson: JSON.stringify(seed.trustPolicy),
    inlinePolicies: new Map((seed.policies ?? []).map((policy, index) => [`seed-${index}`, JSON.stringify(policy)])),
    attachedPolicies: new Set(),
    tags: new Map(),
    createdAt: account.now(),
    maxSessionDurationSeconds: seconds(seed.maxSessionDuration, `${at}.maxSessionDuration`, 3600) ?? 3600,
  };
}

/** The profile as stored. @throws {SeedError} */
export function profileFromSeed(
  seed: ProfileSeed,
  account: { readonly partition: string; readonly id: string; readonly region: string; readonly now: () => Date },
): Profile {
  const id = seed.id ?? randomUUID();
  return {
    id,
    arn: resourceArn(account, "profile", id),
    name: seed.name,
    enabled: seed.enabled ?? true,
    createdAt: account.now(),
    updatedAt: account.now(),
    roleArns: seed.roleArns,
    durationSeconds: seed.durationSeconds ?? DEFAULT_DURATION_SECONDS,
    acceptRoleSessionName: seed.acceptRoleSessionName ?? false,
    sessionPolicy: seed.sessionPolicy,
    managedPolicyArns: seed.managedPolicyArns ?? [],
    createdBy: `arn:${account.partition}:iam::${account.id}:root`,
  };
}

function readRoleSeed(value: unknown, at: string): RoleSeed {
  const role = record(value, at, ["arn", "trustPolicy", "policies", "maxSessionDuration"]);
  const policies = role["policies"];
  const maxSessionDuration = seconds(role["maxSessionDuration"], `${at}.maxSessionDuration`, 3600);
  readPolicy(() => parseTrustPolicy(role["trustPolicy"], `${at}.trustPolicy`));
  return {
    arn: string(role["arn"], `${at}.arn`),
    trustPolicy: role["trustPolicy"],
    ...(policies === undefined ? {} : { policies: array(policies, `${at}.policies`) }),
    ...(maxSessionDuration === undefined ? {} : { maxSessionDuration }),
  };
}

function readProfileSeed(value: unknown, at: string): ProfileSeed {
  const profile = record(value, at, [
    "name",
    "roleArns",
    "durationSeconds",
    "enabled",
    "acceptRoleSessionName",
    "sessionPolicy",
    "managedPolicyArns",
    "id",
    "region",
  ]);
  const sessionPolicy = profile["sessionPolicy"];
  const managed = profile["managedPolicyArns"];
  const region = profile["region"];
  const name = string(profile["name"], `${at}.name`);
  if (name.length > NAME.max || !NAME.pattern.test(name)) {
    throw new SeedError(`${at}.name: only letters, digits, spaces, "-" and "_", at most ${NAME.max}`);
  }
  const id = profile["id"];
  if (id !== undefined && !/^[a-f0-9]{8}-([a-f0-9]{4}-){3}[a-f0-9]{12}$/.test(string(id, `${at}.id`))) {
    throw new SeedError(`${at}.id: must be a UUID in lower case`);
  }
  const durationSeconds = seconds(profile["durationSeconds"], `${at}.durationSeconds`, DURATION.min);
  return {
    name,
    roleArns: strings(profile["roleArns"], `${at}.roleArns`),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...flagMember("enabled", profile, at),
    ...flagMember("acceptRoleSessionName", profile, at),
    ...(sessionPolicy === undefined ? {} : { sessionPolicy: string(sessionPolicy, `${at}.sessionPolicy`) }),
    ...(managed === undefined ? {} : { managedPolicyArns: strings(managed, `${at}.managedPolicyArns`) }),
    ...(typeof id === "string" ? { id } : {}),
    ...(region === undefined ? {} : { region: string(region, `${at}.region`) }),
  };
}

/** Runs a reader of policies. @throws {SeedError} for what it refuses */
export function readPolicy<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PolicyError) throw new SeedError(error.message);
    throw error;
  }
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new SeedError(`the seed is neither YAML nor JSON: ${error instanceof Error ? error.message : ""}`);
  }
}

function seconds(value: unknown, at: string, min: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > DURATION.max) {
    throw new SeedError(`${at}: must be a whole number of seconds from ${min} to ${DURATION.max}`);
  }
  return value;
}

function flagMember<Name extends string>(
  name: Name,
  source: Readonly<Record<string, unknown>>,
  at: string,
): { readonly [K in Name]?: boolean } {
  const value = source[name];
  if (value === undefined) return {};
  if (typeof value !== "boolean") throw new SeedError(`${at}.${name}: must be true or false`);
  return { [name]: value } as { readonly [K in Name]?: boolean };
}

function record(value: unknown, at: string, allowed: readonly string[]): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new SeedError(`${at}: must be an object with ${allowed.join(", ")}`);
  const unknown = Object.keys(value).find((name) => !allowed.includes(name));
  if (unknown !== undefined) throw new SeedError(`${at}: unknown key "${unknown}"; known are ${allowed.join(", ")}`);
  return value;
}

function array(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new SeedError(`${at}: must be a list`);
  return value;
}

function strings(value: unknown, at: string): readonly string[] {
  return array(value, at).map((entry, index) => string(entry, `${at}[${index}]`));
}

function string(value: unknown, at: string): string {
  if (typeof value !== "string" || value === "") throw new SeedError(`${at}: must be a string that is not empty`);
  return value;
}
