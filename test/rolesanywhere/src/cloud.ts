import type { Account } from "./account.ts";
import { type AccessKey, CredentialStore } from "./credential-store.ts";
import { Iam } from "./iam.ts";
import { parseIdentityPolicy } from "./identity-policy.ts";
import { newBuckets } from "./quotas.ts";
import { partitionOf } from "./region.ts";
import type { Role } from "./roles.ts";
import { type AccountSeed, profileFromSeed, readPolicy, roleFromSeed, SeedError } from "./seed.ts";
import { Timeline } from "./timeline.ts";
import type { SessionEvent } from "./trail.ts";
import { positionsOf, type Unknowns } from "./unknowns.ts";

/** Every account in every region of one emulator, and what they share. */
export interface Cloud {
  readonly now: () => Date;
  /** One for each account and region; never empty. The first is meant where nothing says which. */
  readonly accounts: readonly [Account, ...Account[]];
  readonly credentials: CredentialStore;
  readonly unknowns: Unknowns;
  readonly timeline: Timeline;
  /** Oldest first. */
  readonly sessionEvents: SessionEvent[];
  /** The rights of an account's users and roles. */
  readonly iamOf: (accountId: string) => Iam | undefined;
}

/** @throws {SeedError} */
export function createCloud(options: {
  readonly accounts: readonly [AccountSeed, ...AccountSeed[]];
  readonly accessKeys: readonly AccessKey[];
  readonly now: () => Date;
  readonly unknowns: Partial<Unknowns>;
  /** Documents by ARN. */
  readonly managedPolicies: Readonly<Record<string, unknown>>;
}): Cloud {
  const { now } = options;
  const unknowns = positionsOf(options.unknowns);
  const credentials = new CredentialStore(options.accessKeys);
  const managedPolicies = new Map(
    Object.entries(options.managedPolicies).map(
      ([arn, document]) => [arn, readPolicy(() => parseIdentityPolicy(document, `managedPolicies.${arn}`))] as const,
    ),
  );
  const [home, ...others] = options.accounts.flatMap((seed, index) => {
    // The account that the options name themselves is not in any list.
    const at = index === 0 ? "" : `accounts[${index - 1}].`;
    if (options.accounts.findIndex(({ id }) => id === seed.id) < index)
      throw new SeedError(`${at}id: ${seed.id} is there twice`);
    return regionsOf(seed, at, { now, unknowns, credentials, managedPolicies });
  });
  if (home === undefined) throw new SeedError("accounts: must have at least one");
  const accounts: Cloud["accounts"] = [home, ...others];
  const iamOf = (accountId: string): Iam | undefined => accounts.find(({ id }) => id === accountId)?.iam;
  for (const [index, { arn, policies }] of options.accessKeys.entries()) {
    const iam = iamOf(arn.split(":")[4] ?? "");
    if (iam === undefined) throw new SeedError(`accessKeys[${index}].arn: ${arn} is of no account of the emulator`);
    readPolicy(() => iam.setPolicies(arn, policies, `accessKeys[${index}].policies`));
  }
  return { now, accounts, credentials, unknowns, timeline: new Timeline(), sessionEvents: [], iamOf };
}

/** The account in this region; undefined when there is none, or it does not use the region. */
export function accountIn(cloud: Cloud, id: string | undefined, region: string | undefined): Account | undefined {
  return cloud.accounts.find((account) => account.id === id && account.region === region);
}

function regionsOf(
  seed: AccountSeed,
  at: string,
  shared: Pick<Account, "now" | "unknowns" | "credentials" | "managedPolicies">,
): readonly Account[] {
  if (!/^\d{12}$/.test(seed.id)) throw new SeedError(`${at}account: ${seed.id} is not twelve digits`);
  const home = seed.regions[0];
  if (home === undefined) throw new SeedError(`${at}regions: must have at least one`);
  const partition = partitionOf(home);
  const stranger = seed.regions.find((region) => partitionOf(region) !== partition);
  if (stranger !== undefined) {
    throw new SeedError(
      `${at}regions: ${stranger} is not in the partition ${partition} of ${home}; use another account`,
    );
  }
  const lost = (seed.profiles ?? []).find(({ region = home }) => !seed.regions.includes(region));
  if (lost !== undefined)
    throw new SeedError(`${at}profiles: ${lost.name} is in ${lost.region}, which is not a region here`);

  const roles = (seed.roles ?? []).map((role, index) =>
    roleFromSeed(role, { id: seed.id, partition, now: shared.now }, `${at}roles[${index}]`),
  );
  const iam = new Iam();
  for (const [index, { arn, policies }] of (seed.roles ?? []).entries()) {
    readPolicy(() => iam.setPolicies(arn, policies, `${at}roles[${index}].policies`));
  }
  const byArn: Map<string, Role> = new Map(roles.map((role) => [role.arn, role]));
  return seed.regions.map((region) => {
    const here = (seed.profiles ?? []).filter((profile) => (profile.region ?? home) === region);
    const profiles = here.map((profile) =>
      profileFromSeed(profile, { partition, id: seed.id, region, now: shared.now }),
    );
    return {
      partition,
      id: seed.id,
      region,
      ...shared,
      trustAnchors: new Map(),
      crls: new Map(),
      profiles: new Map(profiles.map((profile) => [profile.id, profile])),
      roles: byArn,
      iam,
      tags: new Map(),
      past: [],
      subjects: new Map(),
      buckets: newBuckets(seed.quotas ?? {}, shared.now),
    };
  });
}
