import { type RevocationList, revocationListResource } from "@capstan/api";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ConfigMap, configMapResource } from "../../src/crl/config-map.ts";
import { hour, minute, ownNamespace } from "../support/objects.ts";
import { RotationWorld } from "../support/rotation-world.ts";

// What is wrong with one object is told, and stops nothing else: least of all what an operator orders in an emergency.

const ref = { namespace: ownNamespace, name: "fleet-1" };
let world: RotationWorld;

beforeEach(async () => {
  world = await RotationWorld.start();
  await world.look();
});

afterEach(() => world[Symbol.asyncDispose]());

const why = (): string | undefined =>
  world.fleet.status?.conditions?.find(({ type, status }) => type === "CRLCurrent" && status === "False")?.message;

test("a-stored-CRL-that-cannot-be-read-is-told-with-its-cure-and-a-freeze-is-carried-out", async () => {
  const { binaryData: _der, ...map } = world.server.read(configMapResource, ref) as ConfigMap;
  world.server.put(configMapResource, map);
  world.order("stop", { kind: "Freeze" });
  await world.look();
  expect(world.outcome("stop")).toMatch(/^Done/);
  expect(why()).toMatch(
    /^generation 1: ConfigMap fleet-1 holds no CRL that can be read \(.+\); restore it, or delete it/,
  );
  world.order("all", { kind: "Compromised", generations: [1] });
  await world.until(() => world.phases.includes("2 Active"), hour);
});

test("a-stored-CRL-that-was-deleted-is-made-anew", async () => {
  const before = world.publisher.options.crls.of("fleet", 1)?.number ?? 0n;
  world.server.remove(configMapResource, ref);
  world.advance(minute);
  await world.look();
  const after = world.publisher.options.crls.of("fleet", 1);
  expect(after?.stored?.number).toBeGreaterThan(before);
  expect(why()).toBeUndefined();
});

test("a-CRL-that-the-API-server-refuses-is-told-and-a-freeze-is-carried-out", async () => {
  world.advance(2 * hour);
  world.server.next("PUT", /revocationlists\/fleet-1$/, { refuse: 403, reason: "Forbidden" });
  world.order("stop", { kind: "Freeze" });
  await world.look();
  expect(world.outcome("stop")).toMatch(/^Done/);
  expect(why()).toMatch(/^generation 1: .*403/);
});

test("a-list-that-was-lost-with-the-number-of-a-finished-generation-is-made-anew-by-Recover", async () => {
  world.order("turn", { kind: "Rotate" });
  await world.until(() => world.phases === "1 Draining, 2 Active", 96 * hour);
  const list = world.server.read(revocationListResource, ref) as RevocationList;
  world.server.remove(revocationListResource, ref);
  world.server.remove(configMapResource, ref);
  world.restart();
  await world.look();
  world.order("back", { kind: "Recover" });
  await world.until(() => world.outcome("back").startsWith("Done"), hour);
  const made = world.server.read(revocationListResource, ref) as RevocationList;
  expect(made.spec.crlNumber).toBeGreaterThanOrEqual(list.spec.crlNumber);
});
