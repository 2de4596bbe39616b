import type { NotificationSetting } from "@capstan/rolesanywhere";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { changedSettings } from "../../src/anchors/anchor-settings.ts";
import type { FoundAnchor } from "../../src/anchors/read-anchor.ts";
import { type AnchorSpec, authority, minute, prod } from "../support/objects.ts";
import { RotationWorld } from "../support/rotation-world.ts";

const ours: readonly NotificationSetting[] = [
  { event: "CA_CERTIFICATE_EXPIRY", enabled: true, thresholdDays: 14, configuredBy: "111122223333" },
  { event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: false, thresholdDays: 45 },
];
const found = (change: Partial<FoundAnchor> = {}): FoundAnchor => ({
  state: "Present",
  arn: "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/11111111-aaaa-4bbb-8ccc-222222222222",
  name: "capstan-fleet-prod",
  notificationSettings: ours,
  certificates: [],
  crls: [],
  ...change,
});
const theirs = ours.map((setting) => ({ ...setting, enabled: true, thresholdDays: 1 }));
const joined = authority({ status: { trustAnchors: [{ name: "prod", joined: true, arn: found().arn ?? "" }] } });
const { create: _create, ...adopted } = prod;

describe("what somebody changed of a trust anchor", () => {
  test("is-told-and-what-we-set-is-put-back", () => {
    expect(changedSettings(joined, prod, found({ notificationSettings: theirs, name: "renamed" }))).toEqual({
      notifications: [
        { event: "END_ENTITY_CERTIFICATE_EXPIRY", enabled: false },
        { event: "CA_CERTIFICATE_EXPIRY", enabled: true, thresholdDays: 14 },
      ],
      found: [
        "Trust anchor prod was changed by somebody: END_ENTITY_CERTIFICATE_EXPIRY is on, 1 days before instead of off, and is put back",
        "Trust anchor prod was changed by somebody: CA_CERTIFICATE_EXPIRY is on, 1 days before instead of on, 14 days before, and is put back",
        "Trust anchor prod was changed by somebody: its name is renamed instead of capstan-fleet-prod, and is left so",
      ],
    });
  });

  test.each<[string, AnchorSpec, FoundAnchor | undefined]>([
    ["as-we-made-it", prod, found()],
    ["never-read", prod, undefined],
    ["missing", prod, { state: "Missing", certificates: [], crls: [] }],
    ["of-which-aws-says-nothing", prod, found({ notificationSettings: [] })],
    ["that-we-did-not-make", adopted, found({ notificationSettings: theirs, name: "theirs" })],
    ["that-is-not-managed", { ...prod, manage: false }, found({ notificationSettings: theirs })],
    ["that-is-ignored", { ...prod, ignore: true }, found({ notificationSettings: theirs })],
  ])("is-nothing-of-one-%s", (_name, spec, read) => {
    expect(changedSettings(joined, spec, read)).toEqual({ notifications: [], found: [] });
  });
});

test("nothing-is-ours-of-an-anchor-that-was-never-joined", () => {
  const changed = changedSettings(authority(), prod, found({ notificationSettings: theirs }));
  expect(changed).toEqual({ notifications: [], found: [] });
});

describe("with AWS", () => {
  let world: RotationWorld;

  beforeEach(async () => {
    world = await RotationWorld.start();
    await world.look();
  });

  afterEach(() => world[Symbol.asyncDispose]());

  const interfere = (): void => {
    const arn = world.fleet.status?.trustAnchors?.[0]?.arn ?? "";
    const event = "END_ENTITY_CERTIFICATE_EXPIRY";
    world.aws.emulator.interfere({ kind: "set-notification", arn, event, enabled: true });
  };
  const isOn = async (): Promise<boolean | undefined> =>
    (await world.aws.controlPlane.listTrustAnchors())[0]?.notificationSettings.find(({ event }) =>
      event.startsWith("END_ENTITY"),
    )?.enabled;

  test("a-new-anchor-shows-no-drift", () => {
    expect(world.said).toContain("Drift False NothingFound");
    expect(world.aws.writes()).not.toContain("PutNotificationSettings");
  });

  test("changed-notifications-are-told-and-put-back-once-for-each-reading", async () => {
    interfere();
    world.advance(6 * minute);
    const from = world.aws.count;
    await world.look();
    await world.look();
    expect(world.said).toContain("Drift True ChangedSettings");
    expect(world.aws.writes(from)).toEqual(["PutNotificationSettings"]);
    expect(await isOn()).toBe(false);
    world.advance(6 * minute);
    await world.look();
    expect(world.said).toContain("Drift False NothingFound");
  });

  test("a-refusal-of-aws-delays-nothing-else", async () => {
    interfere();
    world.aws.emulator.injectFault({ fault: { kind: "access-denied" }, operation: "PutNotificationSettings" });
    world.advance(6 * minute);
    await world.look();
    expect(await isOn()).toBe(true);
    expect(world.said).toContain("TrustAnchorsInSync True ReadBack");
    world.order("turn", { kind: "Rotate" });
    await world.until(() => world.phases.includes("2 Active"), 60 * minute);
  });
});
