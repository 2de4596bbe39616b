import { createPrivateKey } from "node:crypto";

import { type Emulator, startEmulator } from "@capstan/test-rolesanywhere";
import { afterAll, afterEach, expect, test } from "vitest";

import { trustPolicy } from "../../../test/rolesanywhere/test/fixture.ts";
import { OpensslPki } from "../../../test/rolesanywhere/test/openssl-pki.ts";
import type { RolesAnywhereControlPlane } from "../src/control-plane.ts";
import { createControlPlane } from "../src/create-control-plane.ts";
import { createSession } from "../src/create-session.ts";
import { type JumpingClock, jumpingClock } from "./jumping-clock.ts";

const pki = new OpensslPki();
const root = pki.root();
const leaf = root.issue();
const [first, second] = ["111122223333", "444455556666"] as const;

let emulator: Emulator;

afterEach(() => emulator.stop());
afterAll(() => pki.dispose());

function keyOf(account: string, partition = "aws") {
  return {
    accessKeyId: `AKIA${account}`,
    secretAccessKey: "not a real key",
    arn: `arn:${partition}:iam::${account}:user/admin`,
  };
}

async function start(clock: JumpingClock): Promise<Emulator> {
  const startedAtMs = Date.now();
  return startEmulator({
    account: first,
    region: "eu-central-1",
    regions: ["us-east-1"],
    accounts: [{ id: second, regions: ["eu-central-1"] }],
    accessKeys: [keyOf(first), keyOf(second)],
    now: () => new Date(startedAtMs + clock.now()),
  });
}

test("accounts and regions each have a pace of their own, whatever credentials are used", async () => {
  const clock = jumpingClock();
  emulator = await start(clock);
  const planeOf = (account: string, region: string): RolesAnywhereControlPlane =>
    // Credentials of its own for each, as every trust anchor has.
    createControlPlane({ account, region, endpoint: emulator.endpoint, credentials: { ...keyOf(account) }, clock });
  const places = [
    [first, "eu-central-1"],
    [first, "us-east-1"],
    [second, "eu-central-1"],
  ] as const;

  await Promise.all(places.map(([account, region]) => planeOf(account, region).listCrls()));
  expect(clock.now()).toBe(0);

  await Promise.all([1, 2, 3].map(() => planeOf(first, "us-east-1").listCrls()));
  expect(clock.now()).toBe(3_000);

  const answered = emulator.requests();
  expect(answered.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(
    answered
      .slice(0, 3)
      .map(({ account, region }) => `${account} ${region}`)
      .toSorted(),
  ).toEqual(places.map(([account, region]) => `${account} ${region}`).toSorted());
});

test.each([
  ["us-gov-west-1", "aws-us-gov"],
  ["cn-north-1", "aws-cn"],
])("in %s sessions and control plane work by ARNs of %s", async (region, partition) => {
  const clock = jumpingClock();
  const startedAtMs = Date.now();
  const now = (): Date => new Date(startedAtMs + clock.now());
  const roleArn = `arn:${partition}:iam::${first}:role/publisher`;
  emulator = await startEmulator({
    account: first,
    region,
    accessKeys: [keyOf(first, partition)],
    roles: [{ arn: roleArn, trustPolicy: trustPolicy() }],
    profiles: [{ name: "publisher", roleArns: [roleArn] }],
    now,
  });
  const shared = { region, endpoint: emulator.endpoint, clock, now };
  const administrator = createControlPlane({ ...shared, account: first, credentials: keyOf(first, partition) });
  const anchor = await administrator.createTrustAnchor({ name: "fleet", bundlePem: root.certificatePem });
  expect(anchor.arn).toMatch(`arn:${partition}:rolesanywhere:${region}:${first}:trust-anchor/`);

  const session = await createSession({
    ...shared,
    trustAnchorArn: anchor.arn,
    profileArn: emulator.profileArn("publisher"),
    roleArn,
    certificatePem: leaf.certificatePem,
    privateKey: createPrivateKey(leaf.keyPem),
  });

  expect(session.assumedRoleUser.arn).toMatch(`arn:${partition}:sts::${first}:assumed-role/publisher/`);
  const crlPem = Buffer.from(root.crl({ revoked: [leaf] })).toString();
  const mine = createControlPlane({ ...shared, account: first, credentials: session.credentials });
  expect(await mine.importCrl({ name: "fleet 1", trustAnchorArn: anchor.arn, crlPem })).toMatchObject({
    enabled: true,
  });
});

test("what is of another account than was meant is refused, whatever call has found or made it", async () => {
  const clock = jumpingClock();
  emulator = await start(clock);
  const shared = { region: "eu-central-1", endpoint: emulator.endpoint, clock };
  const owner = createControlPlane({ ...shared, account: second, credentials: keyOf(second) });
  const confused = createControlPlane({ ...shared, account: first, credentials: keyOf(second) });
  const anchor = await owner.createTrustAnchor({ name: "prod", bundlePem: root.certificatePem });
  const refused = { code: "ERR_AWS_WRONG_ACCOUNT", message: expect.stringContaining(`:${second}:trust-anchor/`) };

  // The owner's call counts toward the rate that the confused one's does.
  clock.advance(2_000);
  await expect(confused.getTrustAnchor(anchor.id)).rejects.toMatchObject(refused);
  await expect(confused.listTrustAnchors()).rejects.toMatchObject(refused);
  await expect(confused.createTrustAnchor({ name: "other", bundlePem: root.certificatePem })).rejects.toMatchObject(
    refused,
  );
  expect(await confused.listCrls()).toEqual([]);
});
