import { readCrl } from "@capstan/ca-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { configMapResource } from "../../src/crl/config-map.ts";
import { day, hour, ownNamespace } from "../support/objects.ts";
import { Publisher, RotationWorld } from "../support/rotation-world.ts";

let world: RotationWorld;
beforeEach(async () => {
  world = await RotationWorld.start();
  await world.look();
});
afterEach(() => world[Symbol.asyncDispose]());

/** The beginning of the stored CRL. */
function thisUpdate(): number {
  const { binaryData = {} } = world.server.read(configMapResource, { namespace: ownNamespace, name: "fleet-1" }) as {
    readonly binaryData?: Readonly<Record<string, string>>;
  };
  return readCrl(new Uint8Array(Buffer.from(binaryData["crl.der"] ?? "", "base64"))).thisUpdate.getTime();
}

// A refresh is due by the wrong clock, and by the right one.
test.each([
  ["a-day-ahead", day],
  ["two-hours-ahead", 2 * hour],
  ["beyond-the-end-of-the-root", 400 * day],
])("a-crl-that-is-made-by-a-clock-%s-is-not-from-the-future", async (_fact, error) => {
  const before = thisUpdate();
  world.advance(2 * hour);
  await world.look(new Publisher(world, { now: () => new Date(world.aws.now.getTime() + error) }));
  expect(thisUpdate()).toBeGreaterThan(before);
  expect(thisUpdate()).toBeLessThanOrEqual(world.aws.now.getTime());
});
