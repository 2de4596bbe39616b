import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";

import { type Emulator, startEmulator } from "@capstan/test-rolesanywhere";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";

import { trustPolicy } from "../../../test/rolesanywhere/test/fixture.ts";
import { type Issued, OpensslPki } from "../../../test/rolesanywhere/test/openssl-pki.ts";
import type { RolesAnywhereControlPlane } from "../src/control-plane.ts";
import { createSession, type CreateSessionInput } from "../src/create-session.ts";
import type { AwsCredentialSource } from "../src/credentials.ts";
import { sessionCredentials } from "../src/session-credentials.ts";
import { type JumpingClock, jumpingClock } from "./jumping-clock.ts";
import { startScriptedServer } from "./scripted-server.ts";
import { anchorArn, controlPlaneAt, errorOf, region } from "./setup.ts";

const pki = new OpensslPki();
const root = pki.root();
const stranger = pki.root();
const leaf = root.issue({ subject: "/CN=publisher.fleet@capstan" });
const roleArn = "arn:aws:iam::111122223333:role/publisher";
const profileArn = "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/55555555-eeee-4fff-8aaa-666666666666";
const accessKey = {
  accessKeyId: "AKIAADMIN",
  secretAccessKey: "not a real key",
  arn: "arn:aws:iam::111122223333:user/admin",
};

afterAll(() => pki.dispose());

let emulator: Emulator;
let clock: JumpingClock;
let aws: RolesAnywhereControlPlane;
let trustAnchorArn: string;
const now = (): Date => new Date(startedAtMs + clock.now());
let startedAtMs = 0;

beforeEach(async () => {
  clock = jumpingClock();
  startedAtMs = Date.now();
  emulator = await startEmulator({
    accessKeys: [accessKey],
    roles: [
      { arn: roleArn, trustPolicy: trustPolicy() },
      {
        arn: `${roleArn}-closed`,
        trustPolicy: trustPolicy({ StringEquals: { "aws:PrincipalTag/x509Subject/CN": "x" } }),
      },
    ],
    profiles: [{ name: "publisher", roleArns: [roleArn, `${roleArn}-closed`] }],
    now,
  });
  aws = controlPlaneAs(accessKey);
  trustAnchorArn = (await aws.createTrustAnchor({ name: "fleet", bundlePem: root.certificatePem })).arn;
});

afterEach(() => emulator.stop());

/** All of one account, and so at one pace. */
function controlPlaneAs(credentials: AwsCredentialSource): RolesAnywhereControlPlane {
  return controlPlaneAt(emulator.endpoint, { credentials, account: "111122223333", clock, now });
}

function inputOf(by: Issued, change: Partial<CreateSessionInput> = {}): CreateSessionInput {
  return {
    certificatePem: by.certificatePem,
    privateKey: createPrivateKey(by.keyPem),
    trustAnchorArn,
    profileArn: emulator.profileArn("publisher"),
    roleArn,
    region,
    endpoint: emulator.endpoint,
    clock,
    now,
    ...change,
  };
}

describe("a leaf of the trust anchor", () => {
  test.each(["P-256", "P-384", "RSA-2048"] as const)("with a %s key gets credentials that AWS takes", async (key) => {
    const session = await createSession(inputOf(root.issue({ key })));

    expect(session).toMatchObject({
      roleArn,
      assumedRoleUser: {
        arn: expect.stringMatching(/^arn:aws:sts::111122223333:assumed-role\/publisher\/[0-9a-f]+$/u),
      },
      subjectArn: expect.stringMatching(/^arn:aws:rolesanywhere:eu-central-1:111122223333:subject\//u),
    });
    const ends = session.credentials.expiration.getTime() - now().getTime();
    expect(Math.abs(ends - 3_600_000)).toBeLessThan(60_000);
    const mine = controlPlaneAs(session.credentials);
    expect(await mine.listTrustAnchors()).toHaveLength(1);
  });

  test("with intermediates sends them along", async () => {
    const issuing = root.intermediate();
    const below = issuing.issue();
    const chain = below.certificatePem + issuing.certificatePem;

    expect(await createSession(inputOf(below, { certificatePem: chain }))).toMatchObject({ roleArn });
    expect(await errorOf(createSession(inputOf(below)))).toMatchObject({ awsMessage: "Untrusted signing certificate" });
  });

  test("gets the duration that it asks for, in a session of AWS's own naming", async () => {
    const { credentials, assumedRoleUser } = await createSession(inputOf(leaf, { durationSeconds: 900 }));

    expect(Math.abs(credentials.expiration.getTime() - now().getTime() - 900_000)).toBeLessThan(60_000);
    expect(assumedRoleUser.arn).toMatch(/\/[0-9a-f]{16,}$/u);
  });

  test("is signed by AWS's clock where `now` says it", async () => {
    clock.advance(2 * 3_600_000);

    expect(await createSession(inputOf(leaf))).toMatchObject({ roleArn });
    expect(await errorOf(createSession(inputOf(leaf, { now: () => new Date(startedAtMs) })))).toMatchObject({
      code: "ERR_AWS_CLOCK_SKEW",
    });
  });
});

test("sessionCredentials asks for the leaf anew each time", async () => {
  const leaves = [leaf, root.issue()];
  const source = sessionCredentials({
    ...inputOf(leaf),
    leaf: async () => {
      const { certificatePem, keyPem } = leaves.shift() ?? leaf;
      return { certificatePem, privateKey: createPrivateKey(keyPem) };
    },
  });
  const mine = controlPlaneAs(source);

  expect(await mine.listTrustAnchors()).toHaveLength(1);
  expect(await mine.listTrustAnchors()).toHaveLength(1);
  expect(leaves).toHaveLength(1);
  clock.advance(3_600_000);
  expect(await mine.listTrustAnchors()).toHaveLength(1);
  expect(leaves).toHaveLength(0);
});

describe("AWS's refusals", () => {
  test.each<[string, () => Promise<Partial<CreateSessionInput> | Issued>, string | RegExp]>([
    ["a leaf of another CA", async () => stranger.issue(), "Untrusted signing certificate"],
    ["a revoked leaf", revoke, "Certificate revoked"],
    ["a CA certificate", async () => root.intermediate(), "Untrusted certificate. Insufficient certificate"],
    [
      "an expired leaf",
      async () => root.issue({ notAfter: new Date(Date.now() - 1_000) }),
      /^Untrusted certificate\./u,
    ],
    [
      "a role that trusts another",
      async () => ({ roleArn: `${roleArn}-closed` }),
      `Unable to assume role for ${roleArn}-closed.`,
    ],
    [
      "a role that the profile lacks",
      async () => ({ roleArn: `${roleArn}-other` }),
      `Unable to assume role for ${roleArn}-other.`,
    ],
    ["a session name that the profile does not accept", async () => ({ sessionName: "mine" }), /session name/u],
  ])("%s is ERR_AWS_ACCESS_DENIED, with AWS's own words", async (_name, spoil, awsMessage) => {
    const spoilt = await spoil();
    const input = "keyPem" in spoilt ? inputOf(spoilt) : inputOf(leaf, spoilt);

    const error = await errorOf(createSession(input));

    expect(error).toMatchObject({
      code: "ERR_AWS_ACCESS_DENIED",
      operation: "CreateSession",
      awsType: "AccessDeniedException",
      httpStatus: 403,
      retryable: false,
      awsMessage: typeof awsMessage === "string" ? awsMessage : expect.stringMatching(awsMessage),
    });
    expect(error.message).toBe(`CreateSession: AWS answered AccessDeniedException: ${error.awsMessage}`);
  });

  async function revoke(): Promise<Issued> {
    const revoked = root.issue();
    const crlPem = Buffer.from(root.crl({ revoked: [revoked] })).toString();
    await aws.importCrl({ name: "fleet", trustAnchorArn, crlPem });
    return revoked;
  }

  test("an anchor that is gone is ERR_AWS_NOT_FOUND", async () => {
    const gone = trustAnchorArn.replace(/[^/]+$/u, "99999999-aaaa-4bbb-8ccc-222222222222");

    expect(await errorOf(createSession(inputOf(leaf, { trustAnchorArn: gone })))).toMatchObject({
      code: "ERR_AWS_NOT_FOUND",
    });
  });

  test("an outage is ERR_AWS_UNAVAILABLE, and nothing is repeated", async () => {
    emulator.setAvailable(false);
    const before = emulator.requests().length;

    expect(await errorOf(createSession(inputOf(leaf)))).toMatchObject({ code: "ERR_AWS_UNAVAILABLE", retryable: true });
    expect(emulator.requests()).toHaveLength(before + 1);
  });
});

test("twelve sessions at once are paced below ten a second", async () => {
  const start = clock.now();

  await Promise.all(Array.from({ length: 12 }, () => createSession(inputOf(leaf))));

  expect(clock.now() - start).toBeGreaterThanOrEqual(1_100);
  expect(emulator.requests().filter(({ error }) => error !== undefined)).toEqual([]);
});

describe("refused before anything is sent", () => {
  const rsaPss = generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).privateKey;
  const ed25519 = generateKeyPairSync("ed25519").privateKey;

  test.each<[string, string, Partial<CreateSessionInput>, RegExp]>([
    ["no certificate", "certificatePem", { certificatePem: "" }, /holds no CERTIFICATE block/u],
    ["a key alone", "certificatePem", { certificatePem: leaf.keyPem }, /holds no CERTIFICATE block/u],
    ["broken PEM", "certificatePem", { certificatePem: leaf.certificatePem.slice(0, -30) }, /stands alone/u],
    [
      "a block that is none",
      "certificatePem",
      { certificatePem: "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" },
      /no X\.509 certificate/u,
    ],
    [
      "six intermediates",
      "certificatePem",
      { certificatePem: leaf.certificatePem.repeat(7) },
      /holds 6 intermediates, at most 5/u,
    ],
    [
      "another leaf's key",
      "privateKey",
      { privateKey: createPrivateKey(root.keyPem) },
      /does not belong to the certificate/u,
    ],
    ["an Ed25519 key", "privateKey", { privateKey: ed25519 }, /no private RSA or EC key/u],
    ["an RSA-PSS key", "privateKey", { privateKey: rsaPss }, /no private RSA or EC key/u],
    ["a public key", "privateKey", { privateKey: createPublicKey(leaf.keyPem) }, /no private RSA or EC key/u],
    ["an id for an ARN", "trustAnchorArn", { trustAnchorArn: "prod" }, /must have the form/u],
    [
      "an anchor of another region",
      "trustAnchorArn",
      { trustAnchorArn: anchorArn.replace(region, "us-east-1") },
      /lies in us-east-1/u,
    ],
    [
      "an anchor of another partition",
      "trustAnchorArn",
      { trustAnchorArn: anchorArn.replace("arn:aws:", "arn:aws-cn:") },
      /says partition aws-cn, but eu-central-1 belongs to aws/u,
    ],
    [
      "a profile of another region",
      "profileArn",
      { profileArn: profileArn.replace(region, "us-east-1") },
      /the trust anchor's account/u,
    ],
    [
      "a profile of another account",
      "profileArn",
      { profileArn: profileArn.replace("111122223333", "444455556666") },
      /the trust anchor's account/u,
    ],
    ["a role for a profile", "profileArn", { profileArn: roleArn }, /the trust anchor's account/u],
    [
      "a role of another account",
      "roleArn",
      { roleArn: roleArn.replace("111122223333", "444455556666") },
      /the trust anchor's account/u,
    ],
    [
      "a role of another partition",
      "roleArn",
      { roleArn: roleArn.replace("arn:aws:", "arn:aws-cn:") },
      /the trust anchor's account/u,
    ],
    ["a user for a role", "roleArn", { roleArn: roleArn.replace(":role/", ":user/") }, /the trust anchor's account/u],
    ["899 seconds", "durationSeconds", { durationSeconds: 899 }, /is 899, 900 to 43200/u],
    ["43,201 seconds", "durationSeconds", { durationSeconds: 43_201 }, /is 43201, 900 to 43200/u],
    ["half a second", "durationSeconds", { durationSeconds: 900.5 }, /whole seconds/u],
    ["no number", "durationSeconds", { durationSeconds: Number.NaN }, /whole seconds/u],
    ["a session name of one character", "sessionName", { sessionName: "x" }, /is not 2 to 64/u],
    ["a session name with a space", "sessionName", { sessionName: "my session" }, /is not 2 to 64/u],
    ["a session name with a line break", "sessionName", { sessionName: "session\n" }, /is not 2 to 64/u],
  ])("%s", async (_name, field, change, message) => {
    const before = emulator.requests().length;

    const error = await errorOf(createSession(inputOf(leaf, change)));

    expect(error).toMatchObject({ code: "ERR_INVALID_ARGUMENT", field, retryable: false });
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/MII|PRIVATE/u);
    expect(emulator.requests()).toHaveLength(before);
  });
});

describe("an answer that is not a session's is ERR_AWS_RESPONSE", () => {
  const set = {
    assumedRoleUser: { arn: "arn:aws:sts::111122223333:assumed-role/publisher/1", assumedRoleId: "AROA:1" },
    credentials: { accessKeyId: "ASIA", secretAccessKey: "s", sessionToken: "t", expiration: "2026-11-22T04:00:00Z" },
    roleArn,
  };
  const whole = { credentialSet: [set], subjectArn: "arn:aws:rolesanywhere:eu-central-1:111122223333:subject/x" };
  const withCredentials = (change: object): unknown => ({
    ...whole,
    credentialSet: [{ ...set, credentials: { ...set.credentials, ...change } }],
  });
  const answerOf = async (body: unknown): Promise<unknown> => {
    await using server = await startScriptedServer(() => ({ status: 201, body }));
    return await createSession(inputOf(leaf, { endpoint: server.url }));
  };

  test("the whole one is taken", async () => {
    expect(await answerOf(whole)).toMatchObject({
      credentials: { accessKeyId: "ASIA", expiration: new Date("2026-11-22T04:00:00Z") },
    });
  });

  test.each<[string, unknown]>([
    ["nothing", {}],
    ["no set", { ...whole, credentialSet: [] }],
    ["no subject", { ...whole, subjectArn: undefined }],
    ["no key id", withCredentials({ accessKeyId: undefined })],
    ["no secret", withCredentials({ secretAccessKey: undefined })],
    ["no token", withCredentials({ sessionToken: undefined })],
    ["no end", withCredentials({ expiration: undefined })],
    ["an end that is no time", withCredentials({ expiration: "soon" })],
    ["HTML", "<html>Welcome</html>"],
    ["a list", []],
  ])("%s", async (_name, body) => {
    expect(await errorOf(answerOf(body))).toMatchObject({ code: "ERR_AWS_RESPONSE", operation: "CreateSession" });
  });
});
