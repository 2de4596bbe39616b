import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Fixture, startFixture } from "./fixture.ts";
import { type OpensslCa, OpensslPki } from "./openssl-pki.ts";
import { type SignedResult, signedCall } from "./signed-call.ts";

const DEFAULTS = [
  { event: "CA_CERTIFICATE_EXPIRY", channel: "ALL", enabled: true, threshold: 45 },
  { event: "END_ENTITY_CERTIFICATE_EXPIRY", channel: "ALL", enabled: true, threshold: 45 },
].map((setting) => ({ ...setting, configuredBy: "rolesanywhere.amazonaws.com" }));

const pki = new OpensslPki();
let root: OpensslCa;
let fixture: Fixture;
let trustAnchorId: string;

beforeAll(() => {
  root = pki.root();
});

afterAll(() => pki.dispose());

beforeEach(async () => {
  fixture = await startFixture();
  trustAnchorId = (await fixture.anchor(root)).split("/")[1] ?? "";
});

afterEach(() => fixture.emulator.stop());

const call = (method: string, path: string, body?: unknown): Promise<SignedResult> =>
  signedCall(fixture.client, { method, path, body });
const put = (notificationSettings: unknown, id = trustAnchorId): Promise<SignedResult> =>
  call("PATCH", "/put-notifications-settings", { trustAnchorId: id, notificationSettings });
const reset = (notificationSettingKeys: unknown, id = trustAnchorId): Promise<SignedResult> =>
  call("PATCH", "/reset-notifications-settings", { trustAnchorId: id, notificationSettingKeys });

async function settings(): Promise<unknown> {
  const { body } = await call("GET", `/trustanchor/${trustAnchorId}`);
  return (body["trustAnchor"] as { notificationSettings: unknown }).notificationSettings;
}

test("a new trust anchor warns 45 days before either kind of certificate expires", async () => {
  expect(await settings()).toEqual(DEFAULTS);
});

test("what is put takes the place of the default of its own event alone", async () => {
  const { status, body } = await put([{ event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: false }]);
  const expected = [
    DEFAULTS[0],
    {
      event: "END_ENTITY_CERTIFICATE_EXPIRY",
      channel: "ALL",
      enabled: false,
      configuredBy: "111122223333",
    },
  ];
  expect(status).toBe(200);
  expect(body["trustAnchor"]).toMatchObject({ trustAnchorId, notificationSettings: expected });
  expect(await settings()).toEqual(expected);
});

test("a reset gives the events that it names their default back, and no other", async () => {
  await put([
    { event: "CA_CERTIFICATE_EXPIRY", enabled: true, threshold: 10, channel: "ALL" },
    { event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: true, threshold: 360 },
  ]);
  await reset([{ event: "CA_CERTIFICATE_EXPIRY", channel: "ALL" }]);
  expect(await settings()).toMatchObject([DEFAULTS[0], { threshold: 360, configuredBy: "111122223333" }]);
  await reset([{ event: "END_ENTITY_CERTIFICATE_EXPIRY" }]);
  expect(await settings()).toEqual(DEFAULTS);
});

test("settings are taken at creation too", async () => {
  const { status, body } = await call("POST", "/trustanchors", {
    name: "prod",
    source: { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: root.certificatePem } },
    notificationSettings: [{ event: "CA_CERTIFICATE_EXPIRY", enabled: true, threshold: 1 }],
  });
  expect(status).toBe(201);
  expect(body["trustAnchor"]).toMatchObject({
    notificationSettings: [{ threshold: 1, configuredBy: "111122223333" }, DEFAULTS[1]],
  });
});

describe("settings are refused", () => {
  const event = "CA_CERTIFICATE_EXPIRY";
  test.each([
    ["of an unknown event", [{ event: "ANY", enabled: false }], /enum value set/],
    ["without an event", [{ enabled: false }], /'notificationSettings\.1\.member\.event'.*must not be null/],
    ["that do not say enabled", [{ event }], /enabled'.*must not be null/],
    ["of another channel", [{ event, enabled: false, channel: "EMAIL" }], /enum value set: \[ALL\]/],
    ["with a threshold of 0 days", [{ event, enabled: true, threshold: 0 }], /greater than or equal to 1/],
    ["with a threshold of 361 days", [{ event, enabled: true, threshold: 361 }], /less than or equal to 360/],
    ["that are enabled without a threshold", [{ event, enabled: true }], /needs a threshold/],
    ["that are more than fifty", Array.from({ length: 51 }, () => ({ event, enabled: false })), /equal to 50/],
    ["that are missing", undefined, /'notificationSettings'.*must not be null/],
  ])("%s", async (_fact, given, message) => {
    const refused = await put(given);
    expect(refused).toMatchObject({ status: 400, error: "ValidationException" });
    expect(refused.body["message"]).toMatch(message);
    expect(await settings()).toEqual(DEFAULTS);
  });

  test("of a trust anchor that does not exist, to put and to reset", async () => {
    const ghost = "00000000-0000-0000-0000-000000000000";
    expect(await put([], ghost)).toMatchObject({ status: 404, error: "ResourceNotFoundException" });
    expect(await reset([], ghost)).toMatchObject({ status: 404, error: "ResourceNotFoundException" });
  });

  test.each([
    ["keys that are missing", undefined],
    ["a key of an unknown event", [{ event: "ANY" }]],
  ])("by a reset with %s", async (_fact, keys) => {
    expect(await reset(keys)).toMatchObject({ status: 400, error: "ValidationException" });
  });
});
