import {
  CreateTrustAnchorCommand,
  GetTrustAnchorCommand,
  ImportCrlCommand,
  ListTrustAnchorsCommand,
  RolesAnywhereClient,
} from "@aws-sdk/client-rolesanywhere";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, type EmulatorOptions, readSeed, startEmulator } from "../src/index.ts";
import { ACCOUNT, ADMIN, REGION, refusal, TestClock, trustPolicy } from "./fixture.ts";
import { type OpensslCa, OpensslPki } from "./openssl-pki.ts";
import { callCreateSession, send, type SessionResult } from "./session-client.ts";

const OTHER = "444455556666";
const CHINA = "777788889999";
const US = "us-east-1";
const BEIJING = "cn-north-1";

const keyOf = (account: string, partition = "aws") => ({
  accessKeyId: `AKIA${account}`,
  secretAccessKey: `secret of ${account}`,
  arn: `arn:${partition}:iam::${account}:user/admin`,
});

const roleOf = (account: string, partition = "aws"): string => `arn:${partition}:iam::${account}:role/web`;

const OPTIONS = {
  regions: [US],
  roles: [{ arn: roleOf(ACCOUNT), trustPolicy: trustPolicy() }],
  profiles: [
    { name: "web", roleArns: [roleOf(ACCOUNT)] },
    { name: "web", roleArns: [roleOf(ACCOUNT)], region: US },
  ],
  accounts: [
    {
      id: OTHER,
      regions: [REGION],
      roles: [{ arn: roleOf(OTHER), trustPolicy: trustPolicy() }],
      profiles: [{ name: "web", roleArns: [roleOf(OTHER)] }],
      quotas: { "trust-anchors": { perSecond: 100, burst: 100 } },
    },
    {
      id: CHINA,
      regions: [BEIJING],
      roles: [{ arn: roleOf(CHINA, "aws-cn"), trustPolicy: trustPolicy() }],
      profiles: [{ name: "web", roleArns: [roleOf(CHINA, "aws-cn")] }],
    },
  ],
  accessKeys: [ADMIN, keyOf(OTHER), keyOf(CHINA, "aws-cn")],
} as const satisfies EmulatorOptions;

const pki = new OpensslPki();
let root: OpensslCa;
let clock: TestClock;
let emulator: Emulator;

beforeAll(() => {
  root = pki.root();
});

afterAll(() => pki.dispose());

beforeEach(async () => {
  clock = new TestClock();
  emulator = await startEmulator({ ...OPTIONS, now: clock.now });
});

afterEach(() => emulator.stop());

/** A client that lets a second pass before each call, so that rates are kept. */
function client(key: typeof ADMIN | ReturnType<typeof keyOf>, region: string): RolesAnywhereClient {
  const made = new RolesAnywhereClient({
    endpoint: emulator.endpoint,
    region,
    credentials: { ...key },
    maxAttempts: 1,
  });
  made.middlewareStack.add(
    (next) => (args) => {
      made.config.systemClockOffset = clock.now().getTime() - Date.now();
      return next(args);
    },
    { step: "initialize" },
  );
  return made;
}

async function anchorIn(of: RolesAnywhereClient): Promise<string> {
  clock.advance(1000);
  const { trustAnchor } = await of.send(
    new CreateTrustAnchorCommand({
      name: "prod",
      enabled: true,
      source: { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: root.certificatePem } },
    }),
  );
  return trustAnchor?.trustAnchorArn ?? "";
}

async function count(of: RolesAnywhereClient): Promise<number> {
  clock.advance(1000);
  return (await of.send(new ListTrustAnchorsCommand({}))).trustAnchors?.length ?? 0;
}

test("the credentials decide the account and the signature's scope the region", async () => {
  const here = client(ADMIN, REGION);
  const there = client(ADMIN, US);
  const other = client(keyOf(OTHER), REGION);
  expect(await anchorIn(here)).toMatch(new RegExp(`^arn:aws:rolesanywhere:${REGION}:${ACCOUNT}:trust-anchor/`));
  expect(await anchorIn(there)).toMatch(new RegExp(`^arn:aws:rolesanywhere:${US}:${ACCOUNT}:trust-anchor/`));
  expect(await count(here)).toBe(1);
  expect(await count(there)).toBe(1);
  expect(await count(other)).toBe(0);
});

test("an account in China has ARNs of its own partition, its sessions too", async () => {
  const beijing = client(keyOf(CHINA, "aws-cn"), BEIJING);
  const trustAnchorArn = await anchorIn(beijing);
  expect(trustAnchorArn).toMatch(new RegExp(`^arn:aws-cn:rolesanywhere:${BEIJING}:${CHINA}:trust-anchor/`));
  const result = await session(trustAnchorArn, CHINA, BEIJING);
  expect(result.status).toBe(201);
  const { assumedRoleUser } = result.body.credentialSet[0];
  const { accessKeyId, secretAccessKey, sessionToken } = result.body.credentialSet[0].credentials;
  const credentials = { accessKeyId, secretAccessKey, sessionToken };
  expect(assumedRoleUser.arn).toMatch(new RegExp(`^arn:aws-cn:sts::${CHINA}:assumed-role/web/`));
  const sts = new STSClient({ endpoint: emulator.endpoint, region: BEIJING, credentials, maxAttempts: 1 });
  expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: CHINA, Arn: assumedRoleUser.arn });
});

test("a session calls every region of its account and no other account", async () => {
  const trustAnchorArn = await anchorIn(client(ADMIN, REGION));
  const result = await session(trustAnchorArn, ACCOUNT, REGION);
  const { credentials } = result.body.credentialSet[0];
  const key = { ...credentials, arn: "" };
  expect(await count(client(key, US))).toBe(0);
  expect(await refusal(client(key, BEIJING).send(new ListTrustAnchorsCommand({})))).toMatchObject({
    name: "UnrecognizedClientException",
  });
});

test.each([
  ["that the account has not opted in to", keyOf(OTHER), US, "UnrecognizedClientException"],
  ["of another partition", ADMIN, BEIJING, "UnrecognizedClientException"],
  ["that nobody uses", ADMIN, "eu-west-3", "InvalidSignatureException"],
] as const)("a region %s is refused", async (_fact, key, region, name) => {
  expect(await refusal(client(key, region).send(new ListTrustAnchorsCommand({})))).toMatchObject({ name });
});

test("a trust anchor of another account or region does not exist, whoever knows its id", async () => {
  const arn = await anchorIn(client(ADMIN, REGION));
  const trustAnchorId = arn.split("/")[1];
  for (const stranger of [client(keyOf(OTHER), REGION), client(ADMIN, US)]) {
    clock.advance(1000);
    expect(await refusal(stranger.send(new GetTrustAnchorCommand({ trustAnchorId })))).toMatchObject({
      name: "ResourceNotFoundException",
    });
    const crlData = root.crl({ revoked: [root.issue()] });
    const name = "fleet";
    expect(await refusal(stranger.send(new ImportCrlCommand({ name, trustAnchorArn: arn, crlData })))).toMatchObject({
      name: "ValidationException",
      message: `There is no trust anchor ${arn}.`,
    });
  }
});

describe("rates", () => {
  const list = (of: RolesAnywhereClient): Promise<unknown> => of.send(new ListTrustAnchorsCommand({}));

  test("are those of one account in one region", async () => {
    let now = Date.now();
    const frozen = await startEmulator({ ...OPTIONS, now: () => new Date(now) });
    try {
      const at = (key: typeof ADMIN | ReturnType<typeof keyOf>, region: string): RolesAnywhereClient =>
        new RolesAnywhereClient({ endpoint: frozen.endpoint, region, credentials: { ...key }, maxAttempts: 1 });
      await list(at(ADMIN, REGION));
      await list(at(ADMIN, US));
      expect(await refusal(list(at(ADMIN, REGION)))).toMatchObject({ name: "ThrottlingException" });
      for (let i = 0; i < 100; i++) await list(at(keyOf(OTHER), REGION));
      expect(await refusal(list(at(keyOf(OTHER), REGION)))).toMatchObject({ name: "ThrottlingException" });
      now += 10;
      await list(at(keyOf(OTHER), REGION));
      expect(await refusal(list(at(ADMIN, REGION)))).toMatchObject({ name: "ThrottlingException" });
    } finally {
      await frozen.stop();
    }
  });
});

async function session(trustAnchorArn: string, account: string, region: string): Promise<SessionResult> {
  return callCreateSession({
    endpoint: emulator.endpoint,
    leaf: root.issue(),
    trustAnchorArn,
    profileArn: emulator.profileArn("web", { account, region }),
    roleArn: emulator.roleArn("web", { account }),
    signedAt: clock.now(),
    tamper: { region },
  });
}

describe("CreateSession", () => {
  test("takes trust anchor, profile and role of one account in one region", async () => {
    for (const [key, account, region] of [
      [ADMIN, ACCOUNT, REGION],
      [ADMIN, ACCOUNT, US],
      [keyOf(OTHER), OTHER, REGION],
    ] as const) {
      expect(await session(await anchorIn(client(key, region)), account, region)).toMatchObject({ status: 201 });
    }
  });

  test.each([
    ["a profile of another region", { profileArn: () => emulator.profileArn("web", { region: US }) }, 404],
    ["a profile of another account", { profileArn: () => emulator.profileArn("web", { account: OTHER }) }, 404],
    ["a role of another account", { roleArn: () => emulator.roleArn("web", { account: OTHER }) }, 403],
    ["a signature for another region", { region: () => US }, 404],
  ] as const)("refuses %s", async (_fact, given, status) => {
    const trustAnchorArn = await anchorIn(client(ADMIN, REGION));
    const result = await callCreateSession({
      endpoint: emulator.endpoint,
      leaf: root.issue(),
      trustAnchorArn,
      profileArn: "profileArn" in given ? given.profileArn() : emulator.profileArn("web"),
      roleArn: "roleArn" in given ? given.roleArn() : roleOf(ACCOUNT),
      signedAt: clock.now(),
      tamper: { region: "region" in given ? given.region() : REGION },
    });
    expect(result).toMatchObject({ status });
  });
});

test.each([
  ["rolesanywhere.eu-central-1.amazonaws.com", 200],
  ["rolesanywhere.eu-central-1.api.aws", 200],
  ["rolesanywhere-fips.us-east-1.amazonaws.com", 403],
  ["rolesanywhere.us-east-1.amazonaws.com", 403],
  ["rolesanywhere.cn-north-1.amazonaws.com.cn", 403],
])("a request for eu-central-1 to the endpoint %s is answered %i", async (host, status) => {
  const of = client(ADMIN, REGION);
  of.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers["host"] = host;
      return next(args);
    },
    { step: "build", priority: "low", name: "host", override: true },
  );
  const outcome = await of.send(new ListTrustAnchorsCommand({})).then(
    (answer) => answer.$metadata.httpStatusCode,
    (error: { readonly $metadata: { readonly httpStatusCode: number } }) => error.$metadata.httpStatusCode,
  );
  expect(outcome).toBe(status);
});

test("nothing that is not signed learns which accounts there are", async () => {
  const answer = await send(`${emulator.endpoint}/trustanchors`, {}, "");
  expect(answer.status).toBe(403);
});

describe("an emulator does not start", () => {
  test.each([
    ["with regions of two partitions", { regions: [BEIJING] }, "regions: cn-north-1 is not in the partition aws"],
    ["with an account that is not twelve digits", { account: "1" }, "account: 1 is not twelve digits"],
    [
      "with a profile in a region that the account has not",
      { profiles: [{ name: "web", roleArns: [], region: US }] },
      "profiles: web is in us-east-1, which is not a region here",
    ],
    [
      "with a role of another partition",
      { roles: [{ arn: roleOf(ACCOUNT, "aws-cn"), trustPolicy: trustPolicy() }] },
      `roles[0].arn: arn:aws-cn:iam::${ACCOUNT}:role/web is not a role of account ${ACCOUNT}`,
    ],
    [
      "with a further account without regions",
      { accounts: [{ id: OTHER, regions: [] }] },
      "accounts[0].regions: must have at least one",
    ],
    [
      "with an account that is there twice",
      { accounts: [{ id: ACCOUNT, regions: [US] }] },
      `accounts[0].id: ${ACCOUNT} is there twice`,
    ],
    [
      "with a key of an account that is not there",
      { accessKeys: [keyOf(OTHER)] },
      "accessKeys[0].arn: arn:aws:iam::444455556666:user/admin is of no account of the emulator",
    ],
    ["with an unknown setting", { unknowns: { expired: "enforce" } }, "unknowns.expired: no such question"],
    [
      "with an unknown position",
      { unknowns: { expiredCrl: "maybe" } },
      "unknowns.expiredCrl: must be one of enforce, deny-issuer, ignore",
    ],
  ])("%s", async (_fact, options, message) => {
    const start = startEmulator({ accessKeys: [ADMIN], ...(options as Partial<EmulatorOptions>) });
    await expect(start).rejects.toThrow(message);
  });
});

test("a seed file says which accounts there are", async () => {
  const { accounts, roles, profiles } = OPTIONS;
  const seed = readSeed(JSON.stringify({ roles, profiles, accounts }));
  expect(seed).toEqual({ roles, profiles, accounts });
  const seeded = await startEmulator({ regions: [US], accessKeys: OPTIONS.accessKeys, ...seed });
  expect(seeded.roleArn("web", { account: CHINA })).toBe(roleOf(CHINA, "aws-cn"));
  await seeded.stop();
});
