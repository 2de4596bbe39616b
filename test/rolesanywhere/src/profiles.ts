import { type Account, findById, NAME, newResource, type Resource, timestamp } from "./account.ts";
import { quotaExceeded } from "./errors.ts";
import { flag, list, optional, readInput, required, text, wholeNumber } from "./input.ts";
import type { Call, Operation } from "./operation.ts";
import { page } from "./paging.ts";
import { setTags, TAGS } from "./tags.ts";

export interface Profile extends Resource {
  readonly roleArns: readonly string[];
  readonly durationSeconds: number;
  readonly acceptRoleSessionName: boolean;
  /** An identity policy as JSON: with the managed ones, what a session may at most do. */
  readonly sessionPolicy: string | undefined;
  readonly managedPolicyArns: readonly string[];
  /** ARN of who created it. */
  readonly createdBy: string;
}

const MAX_PROFILES = 250;

export const DEFAULT_DURATION_SECONDS = 3600;

/** Bounds of durationSeconds, in profiles and in CreateSession. */
export const DURATION = { min: 900, max: 43_200 } as const;

const ROLE_ARNS = list(text({ min: 1, max: 1011, pattern: /^arn:aws(-[^:]+)?:iam(:.*){2}(:role.*)$/ }), { max: 250 });

const OPTIONAL = {
  durationSeconds: optional(wholeNumber(DURATION)),
  acceptRoleSessionName: optional(flag),
  sessionPolicy: optional(text({ max: 100_000 })),
  managedPolicyArns: optional(list(text({ min: 1, max: 200 }), { max: 50 })),
};

const UPDATE = { name: optional(text(NAME)), roleArns: optional(ROLE_ARNS), ...OPTIONAL };

const CREATE = {
  name: required(text(NAME)),
  roleArns: required(ROLE_ARNS),
  ...OPTIONAL,
  enabled: optional(flag),
  tags: optional(TAGS),
};

const ITEM = "/profile/{id}";

// Every new profile has these; changing them is not emulated.
const DEFAULT_ATTRIBUTE_MAPPINGS = [
  { certificateField: "x509Issuer", mappingRules: [{ specifier: "*" }] },
  {
    certificateField: "x509SAN",
    mappingRules: [{ specifier: "DNS" }, { specifier: "URI" }, { specifier: "Name/*" }],
  },
  { certificateField: "x509Subject", mappingRules: [{ specifier: "*" }] },
] as const;

export const profileOperations: readonly Operation[] = [
  {
    name: "CreateProfile",
    method: "POST",
    path: "/profiles",
    status: 201,
    quota: "profiles",
    handle(account, { body, caller }) {
      const input = readInput(CREATE, body);
      if (account.profiles.size >= MAX_PROFILES) {
        throw quotaExceeded(account.unknowns, `An account can have ${MAX_PROFILES} profiles in a region.`);
      }
      const profile = {
        ...newResource(account, "profile", input),
        roleArns: input.roleArns,
        durationSeconds: input.durationSeconds ?? DEFAULT_DURATION_SECONDS,
        acceptRoleSessionName: input.acceptRoleSessionName ?? false,
        sessionPolicy: input.sessionPolicy,
        managedPolicyArns: input.managedPolicyArns ?? [],
        createdBy: caller.arn,
      };
      setTags(account, profile.arn, input.tags ?? []);
      return store(account, profile);
    },
  },
  {
    name: "ListProfiles",
    method: "GET",
    path: "/profiles",
    status: 200,
    quota: "profiles",
    handle(account, { query }) {
      const { items, nextToken } = page([...account.profiles.values()], query, account.unknowns);
      return { profiles: items.map(detail), nextToken };
    },
  },
  {
    name: "GetProfile",
    method: "GET",
    path: ITEM,
    status: 200,
    quota: "profiles",
    handle: (account, call) => ({ profile: detail(find(account, call)) }),
  },
  {
    name: "UpdateProfile",
    method: "PATCH",
    path: ITEM,
    status: 200,
    quota: "profiles",
    handle(account, call) {
      const profile = find(account, call);
      const given = Object.entries(readInput(UPDATE, call.body)).filter(([, value]) => value !== undefined);
      return store(account, { ...profile, ...Object.fromEntries(given), updatedAt: account.now() });
    },
  },
  {
    name: "DeleteProfile",
    method: "DELETE",
    path: ITEM,
    status: 200,
    quota: "profiles",
    handle(account, call) {
      const profile = find(account, call);
      account.profiles.delete(profile.id);
      return { profile: detail(profile) };
    },
  },
  ...[true, false].map((enabled): Operation => ({
    name: enabled ? "EnableProfile" : "DisableProfile",
    method: "POST",
    path: `${ITEM}/${enabled ? "enable" : "disable"}`,
    status: 200,
    quota: "profiles",
    handle: (account, call) => store(account, { ...find(account, call), enabled, updatedAt: account.now() }),
  })),
];

function find(account: Account, call: Call): Profile {
  return findById(account.profiles, call.id, "profileId");
}

function store(account: Account, profile: Profile): unknown {
  account.profiles.set(profile.id, profile);
  return { profile: detail(profile) };
}

function detail(profile: Profile): unknown {
  const { id, arn, createdAt, updatedAt, ...members } = profile;
  return {
    ...members,
    profileId: id,
    profileArn: arn,
    attributeMappings: DEFAULT_ATTRIBUTE_MAPPINGS,
    createdAt: timestamp(createdAt),
    updatedAt: timestamp(updatedAt),
  };
}
