import { issuedCertificateResource } from "@capstan/api";
import { planRotation } from "@capstan/ca-core";
import { createControlPlane, type RolesAnywhereControlPlane } from "@capstan/rolesanywhere";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AnchorSpec } from "../../src/authority/authority-parts.ts";
import { hour, minute, now, prod, record, revokedAt } from "../support/objects.ts";
import { Publisher, RotationWorld } from "../support/rotation-world.ts";

const near: AnchorSpec = { ...prod, name: "near" };
const far: AnchorSpec = { ...prod, name: "far", region: "us-east-1" };

let world: RotationWorld;
let planes: Map<string, RolesAnywhereControlPlane>;
/** Ends every call. */
let stop: AbortController;

beforeEach(async () => {
  world = await RotationWorld.start({ trustAnchors: [far, near] }, { regions: ["us-east-1"] });
  stop = new AbortController();
  planes = new Map([
    ["far", planeOf("us-east-1")],
    ["near", world.aws.controlPlane],
  ]);
  await world.look(publisher());
});

afterEach(async () => {
  stop.abort();
  await world[Symbol.asyncDispose]();
});

function planeOf(region: string): RolesAnywhereControlPlane {
  const { emulator, clock, accessKey } = world.aws;
  return createControlPlane({
    region,
    account: prod.account,
    endpoint: emulator.endpoint,
    credentials: accessKey,
    clock,
    now: () => world.aws.now,
    // Longer than any test: who waits for an answer that does not come does not get on.
    requestTimeoutMs: hour,
  });
}

function publisher(patienceMs = 60_000): Publisher {
  world.publisher = new Publisher(world, {
    controlPlaneOf: (_authority, { name }) => planes.get(name) ?? world.aws.controlPlane,
    patienceMs,
  });
  return world.publisher;
}

const farIsSilent = (operation?: string): string =>
  world.aws.emulator.injectFault({
    fault: { kind: "no-answer" },
    region: "us-east-1",
    ...(operation === undefined ? {} : { operation }),
  });
const memoryOf = (one: Publisher, anchor: AnchorSpec) => one.options.memories.of("fleet", anchor);
const readBack = (anchor: string, serial: string): boolean =>
  world.publisher.readings.of("fleet", anchor, 1)?.crl.serials.has(serial) === true;
const revoke = (serial: string): void => {
  world.server.put(issuedCertificateResource, record({ name: serial, spec: { serial }, status: revokedAt(now) }));
};

test("both-anchors-are-read-and-get-their-crls", () => {
  expect(world.said).toContain("TrustAnchorsInSync True ReadBack");
  expect(world.fleet.status?.trustAnchors).toMatchObject([{ joined: true }, { joined: true }]);
});

test("a-revocation-reaches-one-anchor-while-the-other-has-not-answered-yet", async () => {
  const one = publisher(50);
  await world.look(one);
  farIsSilent();
  world.advance(6 * minute);
  revoke("4f1c");

  await world.until(() => readBack("near", "4f1c"), hour);

  expect(readBack("far", "4f1c")).toBe(false);
  expect(memoryOf(one, far).underWaySince).toBeDefined();
  const said = world.fleet.status?.trustAnchors?.find(({ name }) => name === "far")?.message;
  expect(said).toMatch(/^Trust anchor far has not answered a call since /);
});

test("what-comes-while-an-anchor-does-not-answer-is-done-without-waiting-for-it", async () => {
  const one = publisher(50);
  await world.look(one);
  farIsSilent();
  world.advance(6 * minute);
  const { requeueAfterMs } = await world.look(one);
  expect(requeueAfterMs).toBeLessThanOrEqual(1_000);
  const asked = world.aws.emulator.requests().length;
  const since = memoryOf(one, far).underWaySince;
  revoke("5a2d");
  world.advance(minute);
  await world.until(() => readBack("near", "5a2d"), hour);
  expect(memoryOf(one, far).underWaySince).toBe(since);
  expect(world.aws.writes(asked)).toEqual(["UpdateCrl"]);
});

test("an-anchor-that-does-not-take-its-crl-holds-up-no-other", async () => {
  const one = publisher(50);
  await world.look(one);
  farIsSilent("UpdateCrl");
  world.advance(minute);
  revoke("4f1c");
  await world.until(() => readBack("near", "4f1c"), hour);
  expect(memoryOf(one, far).underWaySince).toBeDefined();
});

test("no-switch-is-made-while-an-anchor-has-not-answered", async () => {
  const one = publisher(50);
  await world.look(one);
  world.order("turn", { kind: "Rotate" });
  await world.until(() => world.phases === "1 Active, 2 Published", hour);
  farIsSilent();
  for (let passed = 0; passed < 40 * minute; passed += 5 * minute) {
    world.advance(5 * minute);
    await world.look(one);
  }
  expect(world.phases).toBe("1 Active, 2 Published");
});

test("what-a-call-nobody-waited-for-ended-with-is-the-next-looks-affair", async () => {
  const one = publisher(50);
  const memory = memoryOf(one, far);
  await world.look(one);
  memory.begin(0, () => Promise.reject(new Error("the lease was lost")));
  await memory.ended();
  await expect(world.look(one)).rejects.toThrow("the lease was lost");
  await world.look(one);
});

test("a-call-that-ends-while-what-it-was-waited-for-is-reported-is-soon-looked-after", async () => {
  let end = (): void => undefined;
  const one = new Publisher(world, {
    controlPlaneOf: (_authority, { name }) => planes.get(name) ?? world.aws.controlPlane,
    plan: (observation) => {
      const plan = planRotation(observation);
      end();
      return plan;
    },
  });
  await world.look(one);
  const memory = memoryOf(one, far);
  memory.begin(0, () => new Promise((resolve) => (end = resolve)));
  const { requeueAfterMs } = await world.look(one);
  expect(memory.underWaySince).toBeUndefined();
  expect(requeueAfterMs).toBe(1_000);
});
