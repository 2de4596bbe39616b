import { afterEach, describe, expect, test } from "vitest";
import { type Emulator, readSeed, startEmulator } from "../src/index.ts";
import { ADMIN, trustPolicy, WEB_ROLE } from "./fixture.ts";

const PROFILE_ID = "0b9a5c1e-4c9f-4a7e-9f57-0a1b2c3d4e5f";

const YAML = `
roles:
  - arn: ${WEB_ROLE}
    maxSessionDuration: 7200
    trustPolicy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: { Service: rolesanywhere.amazonaws.com }
          Action: [sts:AssumeRole, sts:TagSession, sts:SetSourceIdentity]
          Condition:
            StringEquals: { "aws:PrincipalTag/x509Subject/CN": web.demo }
profiles:
  - name: web
    id: ${PROFILE_ID}
    roleArns: [${WEB_ROLE}]
    durationSeconds: 900
    enabled: true
    acceptRoleSessionName: false
`;

let emulator: Emulator | undefined;

afterEach(async () => {
  await emulator?.stop();
  emulator = undefined;
});

test("a seed in YAML starts an emulator with its roles and profiles", async () => {
  emulator = await startEmulator({ accessKeys: [ADMIN], ...readSeed(YAML) });
  expect(emulator.roleArn("web")).toBe(WEB_ROLE);
  expect(emulator.profileArn("web")).toBe(`arn:aws:rolesanywhere:eu-central-1:111122223333:profile/${PROFILE_ID}`);
});

test("JSON says the same", () => {
  const seed = readSeed(YAML);
  expect(readSeed(JSON.stringify(seed))).toEqual(seed);
});

test("a role's and a profile's policies are part of a seed", async () => {
  const policy = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "rolesanywhere:*", Resource: "*" }],
  };
  const managed = "arn:aws:iam::aws:policy/AWSRolesAnywhereFullAccess";
  const seed = {
    roles: [{ arn: WEB_ROLE, trustPolicy: trustPolicy(), policies: [policy] }],
    profiles: [
      { name: "web", roleArns: [WEB_ROLE], sessionPolicy: JSON.stringify(policy), managedPolicyArns: [managed] },
    ],
  };
  expect(readSeed(JSON.stringify(seed))).toEqual(seed);
  emulator = await startEmulator({ accessKeys: [ADMIN], managedPolicies: { [managed]: policy }, ...seed });
});

test.each([
  [
    "a role",
    { roles: [{ arn: WEB_ROLE, trustPolicy: trustPolicy(), policies: [{}] }] },
    'roles[0].policies[0].Version: must be "2012-10-17"',
  ],
  ["a user", { accessKeys: [{ ...ADMIN, policies: [{}] }] }, 'accessKeys[0].policies[0].Version: must be "2012-10-17"'],
  [
    "AWS",
    { managedPolicies: { "arn:aws:iam::aws:policy/X": {} } },
    /^managedPolicies\.arn:aws:iam::aws:policy\/X\.Version/,
  ],
])("an emulator does not start with a policy of %s that cannot be read", async (_fact, options, message) => {
  const start = startEmulator({ accessKeys: [ADMIN], ...options });
  await expect(start).rejects.toThrow(
    expect.objectContaining({
      code: "ERR_SEED",
      message: typeof message === "string" ? message : expect.stringMatching(message),
    }),
  );
});

describe("a seed is refused", () => {
  const role = { arn: WEB_ROLE, trustPolicy: trustPolicy() };
  const profile = { name: "web", roleArns: [WEB_ROLE] };
  const seed = (members: unknown): string => JSON.stringify(members);

  test.each([
    ["that is no YAML", "roles: [", /^the seed is neither YAML nor JSON: /],
    ["that is a list", "[]", "the seed: must be an object with roles, profiles, accounts"],
    ["with an unknown key", seed({ role: [] }), 'the seed: unknown key "role"; known are roles, profiles, accounts'],
    ["whose roles are no list", seed({ roles: {} }), "roles: must be a list"],
    [
      "with a role without ARN",
      seed({ roles: [{ trustPolicy: trustPolicy() }] }),
      "roles[0].arn: must be a string that is not empty",
    ],
    ["with a role without policy", seed({ roles: [{ arn: WEB_ROLE }] }), "roles[0].trustPolicy: must be an object"],
    [
      "with a policy that is not understood",
      seed({ roles: [{ arn: WEB_ROLE, trustPolicy: trustPolicy({ Bool: {} }) }] }),
      /^roles\[0\]\.trustPolicy\.Statement\[0\]\.Condition: the emulator does not know "Bool"/,
    ],
    [
      "with a role's maximum under an hour",
      seed({ roles: [{ ...role, maxSessionDuration: 3599 }] }),
      "roles[0].maxSessionDuration: must be a whole number of seconds from 3600 to 43200",
    ],
    [
      "with a profile's duration under fifteen minutes",
      seed({ roles: [role], profiles: [{ ...profile, durationSeconds: 899 }] }),
      "profiles[0].durationSeconds: must be a whole number of seconds from 900 to 43200",
    ],
    [
      "with a name that AWS refuses",
      seed({ roles: [role], profiles: [{ ...profile, name: "a/b" }] }),
      /^profiles\[0\]\.name: /,
    ],
    [
      "with an id that is no UUID",
      seed({ roles: [role], profiles: [{ ...profile, id: "web" }] }),
      "profiles[0].id: must be a UUID in lower case",
    ],
    [
      "with a flag that is a string",
      seed({ roles: [role], profiles: [{ ...profile, enabled: "yes" }] }),
      "profiles[0].enabled: must be true or false",
    ],
    ["with an account without id", seed({ accounts: [{}] }), "accounts[0].id: must be a string that is not empty"],
    [
      "with an account without regions",
      seed({ accounts: [{ id: "444455556666" }] }),
      "accounts[0].regions: must be a list",
    ],
    [
      "with an account's role without policy",
      seed({ accounts: [{ id: "444455556666", regions: ["us-east-1"], roles: [{ arn: WEB_ROLE }] }] }),
      "accounts[0].roles[0].trustPolicy: must be an object",
    ],
    [
      "with a quota of nothing",
      seed({ accounts: [{ id: "444455556666", regions: ["us-east-1"], quotas: { cats: {} } }] }),
      /^accounts\[0\]\.quotas: unknown key "cats"/,
    ],
    [
      "with a rate of nought",
      seed({
        accounts: [{ id: "444455556666", regions: ["us-east-1"], quotas: { crls: { perSecond: 0, burst: 1 } } }],
      }),
      "accounts[0].quotas.crls.perSecond: must be a number above 0",
    ],
    [
      "with a profile of a role that is not there",
      seed({ profiles: [profile] }),
      `profiles[0].roleArns: ${WEB_ROLE} is not among the roles; add it there`,
    ],
  ])("%s", (_fact, text, message) => {
    expect(() => readSeed(text)).toThrow(
      expect.objectContaining({
        code: "ERR_SEED",
        message: typeof message === "string" ? message : expect.stringMatching(message),
      }),
    );
  });

  test.each([
    ["of another account", "arn:aws:iam::999999999999:role/web"],
    ["that is a user", "arn:aws:iam::111122223333:user/web"],
    ["without a name", "arn:aws:iam::111122223333:role/"],
  ])("with a role %s", async (_fact, arn) => {
    const start = startEmulator({ accessKeys: [], roles: [{ arn, trustPolicy: trustPolicy() }] });
    await expect(start).rejects.toThrow(`roles[0].arn: ${arn} is not a role of account 111122223333`);
  });
});
