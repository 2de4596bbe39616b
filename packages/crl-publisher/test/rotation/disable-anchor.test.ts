import { authorityOperationResource } from "@capstan/api";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hour, minute, ownNamespace, prod } from "../support/objects.ts";
import { RotationWorld } from "../support/rotation-world.ts";

let world: RotationWorld;

beforeEach(async () => {
  world = await RotationWorld.start();
  await world.look();
});

afterEach(() => world[Symbol.asyncDispose]());

const arn = (): string => world.fleet.status?.trustAnchors?.[0]?.arn ?? "";
const isEnabled = async (): Promise<boolean | undefined> =>
  (await world.aws.controlPlane.listTrustAnchors())[0]?.enabled;
const disable = (name = "stop"): void => world.order(name, { kind: "DisableTrustAnchor", trustAnchor: "prod" });
const enable = (name = "go"): void => world.order(name, { kind: "EnableTrustAnchor", trustAnchor: "prod" });

test("an-anchor-is-disabled-at-once-and-that-is-done-when-it-was-read-back", async () => {
  const from = world.aws.count;
  disable();
  await world.look();
  expect(await isEnabled()).toBe(false);
  expect(world.aws.writes(from)).toEqual(["DisableTrustAnchor"]);
  expect(world.outcome("stop")).toMatch(/^Done: trust anchor prod is disabled: AWS gives no new session by it/);
  expect(world.fleet.status?.disabledTrustAnchors).toEqual([
    { name: "prod", operation: "stop", requestedBy: "alice", since: expect.any(String) },
  ]);
  expect(world.fleet.status?.trustAnchors).toMatchObject([{ name: "prod", state: "Disabled", joined: false }]);
  expect(world.said).toContain("TrustAnchorsInSync False TrustAnchorDisabledByOrder");
  expect(world.said).toContain("Ready True Issuing");
});

test("deleting-the-operation-and-restarting-change-nothing", async () => {
  disable();
  await world.look();
  world.server.remove(authorityOperationResource, { namespace: ownNamespace, name: "stop" });
  world.restart();
  world.advance(hour);
  await world.look();
  expect(await isEnabled()).toBe(false);
});

test("what-somebody-enables-in-aws-is-disabled-again", async () => {
  disable();
  await world.look();
  world.aws.emulator.interfere({ kind: "enable", arn: arn() });
  world.advance(6 * minute);
  await world.look();
  expect(await isEnabled()).toBe(false);
});

test("a-write-without-effect-is-repeated-until-it-was-read-back", async () => {
  world.aws.emulator.injectFault({ fault: { kind: "no-effect" }, operation: "DisableTrustAnchor", count: 2 });
  disable();
  await world.look();
  expect(world.outcome("stop")).toMatch(/^Accepted: .*AWS may still give sessions by it/);
  await world.until(() => world.outcome("stop").startsWith("Done"), hour);
  expect(await isEnabled()).toBe(false);
});

test("an-outage-delays-it-and-is-told", async () => {
  world.aws.emulator.setAvailable(false);
  disable();
  await world.look();
  expect(world.outcome("stop")).toMatch(/^Accepted: .*is to be disabled by operation stop/);
  world.aws.emulator.setAvailable(true);
  await world.until(() => world.outcome("stop").startsWith("Done"), hour);
  expect(await isEnabled()).toBe(false);
});

test("enabling-undoes-it", async () => {
  disable();
  await world.look();
  enable();
  await world.look();
  expect(await isEnabled()).toBe(true);
  expect(world.outcome("go")).toBe("Done: trust anchor prod is enabled");
  expect(world.fleet.status).not.toHaveProperty("disabledTrustAnchors");
  expect(world.fleet.status?.trustAnchors).toMatchObject([{ name: "prod", state: "Present", joined: true }]);
  expect(world.said).toContain("TrustAnchorsInSync True ReadBack");
});

test("a-rotation-waits-for-it-and-goes-on-when-it-is-enabled", async () => {
  disable();
  await world.look();
  world.order("turn", { kind: "Rotate" });
  await world.look();
  world.advance(2 * hour);
  await world.look();
  expect(world.phases).toBe("1 Active");
  enable();
  await world.until(() => world.phases === "1 Draining, 2 Active", 2 * hour);
});

test("a-rotation-goes-on-without-it-when-it-is-ignored", async () => {
  disable();
  await world.look();
  world.changeSpec({ trustAnchors: [{ ...prod, ignore: true }] });
  world.order("turn", { kind: "Rotate" });
  await world.until(() => world.phases === "1 Draining, 2 Active", 2 * hour);
  expect(await isEnabled()).toBe(false);
});

test("an-anchor-that-somebody-else-disabled-is-drift-and-stays-so", async () => {
  await world.aws.disableAnchor(arn());
  world.advance(6 * minute);
  await world.look();
  expect(await isEnabled()).toBe(false);
  expect(world.said).toContain("TrustAnchorsInSync False TrustAnchorConflict");
});

test("an-anchor-that-the-spec-does-not-name-is-refused", async () => {
  world.order("stop", { kind: "DisableTrustAnchor", trustAnchor: "other" });
  await world.look();
  expect(world.outcome("stop")).toBe("Refused: spec.trustAnchors names no other");
  expect(world.fleet.status).not.toHaveProperty("disabledTrustAnchors");
});

test("one-that-leaves-the-spec-is-kept-disabled-when-it-comes-back", async () => {
  disable();
  await world.look();
  const before = arn();
  world.changeSpec({ trustAnchors: [] });
  await world.look();
  world.aws.emulator.interfere({ kind: "enable", arn: before });
  world.changeSpec({ trustAnchors: [prod] });
  world.advance(6 * minute);
  await world.look();
  expect(await isEnabled()).toBe(false);
});
