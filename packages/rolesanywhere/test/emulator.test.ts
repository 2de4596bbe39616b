import { type Emulator, startEmulator } from "@capstan/test-rolesanywhere";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";

import { sameCertificates } from "../src/bundle.ts";
import type { RolesAnywhereControlPlane, TrustAnchor } from "../src/control-plane.ts";
import { createOpensslCa } from "./openssl-ca.ts";
import { type JumpingClock, jumpingClock } from "./jumping-clock.ts";
import { anchorId, controlPlaneAt, crlId, errorOf } from "./setup.ts";

// The emulator checks signatures, certificates, CRLs and rates as AWS does; both sides read one clock, on which pacing
// takes no time.

const oldCa = createOpensslCa("Old Root");
const newCa = createOpensslCa("New Root");
const accessKey = {
  accessKeyId: "AKIAPUBLISHER",
  secretAccessKey: "not a real key",
  arn: "arn:aws:iam::111122223333:user/publisher",
};

let emulator: Emulator;
let clock: JumpingClock;
let aws: RolesAnywhereControlPlane;
let startedAtMs = 0;

beforeEach(async () => {
  clock = jumpingClock();
  // This clock stands unless something waits, and a CRL made meanwhile is of a later second, which AWS does not take.
  startedAtMs = Date.now() + 60_000;
  emulator = await startEmulator({ accessKeys: [accessKey], now: () => new Date(startedAtMs + clock.now()) });
  aws = controlPlaneAt(emulator.endpoint, { credentials: accessKey, clock });
});

afterEach(() => emulator.stop());

afterAll(() => {
  oldCa.remove();
  newCa.remove();
});

describe("a trust anchor", () => {
  test("is created enabled, found again, and holds what it was updated to", async () => {
    const created = await aws.createTrustAnchor({ name: "fleet", bundlePem: oldCa.rootPem });
    expect(created).toMatchObject({ name: "fleet", enabled: true, sourceType: "CERTIFICATE_BUNDLE" });
    expect(await aws.listTrustAnchors()).toEqual([created]);

    const both = oldCa.rootPem + newCa.rootPem;
    await aws.updateTrustAnchor({ id: created.id, bundlePem: both });

    const readBack = await aws.getTrustAnchor(created.id);
    expect(readBack).toMatchObject({ arn: created.arn, name: "fleet", enabled: true });
    expect(sameCertificates(readBack?.bundlePem ?? "", both)).toBe(true);
    expect(await aws.enableTrustAnchor(created.id)).toMatchObject({ id: created.id, enabled: true });
  });

  test("that does not exist is undefined to read and ERR_AWS_NOT_FOUND to change", async () => {
    expect(await aws.getTrustAnchor(anchorId)).toBeUndefined();
    expect(await errorOf(aws.updateTrustAnchor({ id: anchorId, bundlePem: oldCa.rootPem }))).toMatchObject({
      code: "ERR_AWS_NOT_FOUND",
    });
  });
});

describe("a trust anchor that goes", () => {
  test("is disabled, and deleted once its CRLs are, and deleting what is gone is no error", async () => {
    const { id, arn } = await aws.createTrustAnchor({ name: "fleet", bundlePem: oldCa.rootPem });
    const crl = await aws.importCrl({ name: "fleet 1", trustAnchorArn: arn, crlPem: oldCa.signCrl(["1001"]) });
    expect(await aws.disableTrustAnchor(id)).toMatchObject({ id, enabled: false });
    expect(await errorOf(aws.deleteTrustAnchor(id))).toMatchObject({ code: "ERR_AWS_VALIDATION" });

    for (const _time of [1, 2]) {
      await aws.deleteCrl(crl.id);
      await aws.deleteTrustAnchor(id);
    }

    expect(await aws.getCrl(crl.id)).toBeUndefined();
    expect(await aws.getTrustAnchor(id)).toBeUndefined();
  });
});

describe("notification settings", () => {
  const events = ({ notificationSettings }: TrustAnchor): unknown =>
    Object.fromEntries(
      notificationSettings.map(({ event, enabled, thresholdDays }) => [event, enabled && thresholdDays]),
    );

  test("are AWS's own, then ours, then AWS's own again", async () => {
    const created = await aws.createTrustAnchor({ name: "fleet", bundlePem: oldCa.rootPem });
    const { id } = created;
    expect(events(created)).toEqual({ CA_CERTIFICATE_EXPIRY: 45, END_ENTITY_CERTIFICATE_EXPIRY: 45 });

    const changed = await aws.putNotificationSettings({
      id,
      settings: [
        { event: "CA_CERTIFICATE_EXPIRY", enabled: true, thresholdDays: 14 },
        { event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: false },
      ],
    });
    expect(events(changed)).toEqual({ CA_CERTIFICATE_EXPIRY: 14, END_ENTITY_CERTIFICATE_EXPIRY: false });
    expect(await aws.getTrustAnchor(id)).toEqual(changed);

    const reset = await aws.resetNotificationSettings({ id, events: ["END_ENTITY_CERTIFICATE_EXPIRY"] });
    expect(events(reset)).toEqual({ CA_CERTIFICATE_EXPIRY: 14, END_ENTITY_CERTIFICATE_EXPIRY: 45 });
  });

  test("are ours from the beginning when the anchor is created with them", async () => {
    const notificationSettings = [{ event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: false }] as const;
    const created = await aws.createTrustAnchor({ name: "fleet", bundlePem: oldCa.rootPem, notificationSettings });

    expect(events(created)).toMatchObject({ END_ENTITY_CERTIFICATE_EXPIRY: false });
  });

  test("of an anchor that does not exist are ERR_AWS_NOT_FOUND", async () => {
    const settings = [{ event: "CA_CERTIFICATE_EXPIRY", enabled: false }] as const;

    expect(await errorOf(aws.putNotificationSettings({ id: anchorId, settings }))).toMatchObject({
      code: "ERR_AWS_NOT_FOUND",
    });
  });
});

describe("a CRL", () => {
  test("is imported enabled, found again, and holds what it was updated to", async () => {
    const { arn: trustAnchorArn } = await aws.createTrustAnchor({ name: "fleet", bundlePem: oldCa.rootPem });
    const first = oldCa.signCrl(["1001"]);

    const imported = await aws.importCrl({ name: "fleet 1", trustAnchorArn, crlPem: first });
    expect(imported).toMatchObject({ name: "fleet 1", enabled: true, trustAnchorArn, crlPem: first });
    expect(await aws.listCrls()).toEqual([imported]);

    const second = oldCa.signCrl(["1001", "1002"]);
    await aws.updateCrl({ id: imported.id, crlPem: second });

    expect(await aws.getCrl(imported.id)).toEqual({ ...imported, crlPem: second });
    expect(await aws.enableCrl(imported.id)).toMatchObject({ id: imported.id, enabled: true });
  });

  test("that does not exist is undefined", async () => {
    expect(await aws.getCrl(crlId)).toBeUndefined();
  });

  test("of another CA is refused by AWS as ERR_AWS_VALIDATION", async () => {
    const { arn: trustAnchorArn } = await aws.createTrustAnchor({ name: "fleet", bundlePem: oldCa.rootPem });
    const foreign = newCa.signCrl(["1001"]);

    expect(await errorOf(aws.importCrl({ name: "fleet 1", trustAnchorArn, crlPem: foreign }))).toMatchObject({
      code: "ERR_AWS_VALIDATION",
      awsType: "ValidationException",
      retryable: false,
    });
  });
});

test("a list of several pages is read whole", async () => {
  const names = Array.from({ length: 12 }, (_item, index) => `anchor ${index}`);
  for (const name of names) await aws.createTrustAnchor({ name, bundlePem: oldCa.rootPem });

  const listed = await aws.listTrustAnchors();

  expect(listed.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
});

test("calls made all at once are never throttled, and arrive in their order", async () => {
  await Promise.all(
    [1, 2, 3].flatMap(() => [aws.listTrustAnchors(), aws.listCrls(), aws.getTrustAnchor(anchorId), aws.getCrl(crlId)]),
  );

  const arrived = emulator.requests().map(({ operation }) => operation);
  expect(arrived.filter((operation) => operation?.includes("Anchor"))).toEqual(
    [1, 2, 3].flatMap(() => ["ListTrustAnchors", "GetTrustAnchor"]),
  );
  expect(arrived.filter((operation) => operation?.includes("Crl"))).toEqual(
    [1, 2, 3].flatMap(() => ["ListCrls", "GetCrl"]),
  );
  expect(emulator.requests().filter(({ error }) => error === "ThrottlingException")).toEqual([]);
});

test("another process in the same account is met with ERR_AWS_THROTTLED, which heals with time", async () => {
  const other = controlPlaneAt(emulator.endpoint, { credentials: { ...accessKey }, clock });
  await other.listCrls();

  expect(await errorOf(aws.listCrls())).toMatchObject({ code: "ERR_AWS_THROTTLED", retryable: true });
  expect(await aws.listCrls()).toEqual([]);
});

test("an outage is ERR_AWS_UNAVAILABLE while it lasts", async () => {
  emulator.setAvailable(false);
  expect(await errorOf(aws.listCrls())).toMatchObject({ code: "ERR_AWS_UNAVAILABLE", retryable: true });

  emulator.setAvailable(true);
  expect(await aws.listCrls()).toEqual([]);
});

test.each([
  ["an unknown key", { ...accessKey, accessKeyId: "AKIASTRANGER" }],
  ["a wrong secret", { ...accessKey, secretAccessKey: "another" }],
])("%s is ERR_AWS_CREDENTIALS_REFUSED", async (_name, credentials) => {
  const stranger = controlPlaneAt(emulator.endpoint, { credentials, clock });

  expect(await errorOf(stranger.listCrls())).toMatchObject({ code: "ERR_AWS_CREDENTIALS_REFUSED" });
});

test("a clock that is an hour off is ERR_AWS_CLOCK_SKEW once", async () => {
  startedAtMs += 3_600_000;

  expect(await errorOf(aws.listCrls())).toMatchObject({ code: "ERR_AWS_CLOCK_SKEW", retryable: true });
  expect(await aws.listCrls()).toEqual([]);
});
