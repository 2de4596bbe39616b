import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { after, day, hour, minute } from "../support/objects.ts";
import { RotationWorld } from "../support/rotation-world.ts";

let world: RotationWorld;

beforeEach(async () => {
  world = await RotationWorld.start();
});

afterEach(() => world[Symbol.asyncDispose]());

describe("the first generation", () => {
  test("is-active-after-one-look", async () => {
    await world.look();
    expect(world.phases).toBe("1 Active");
    expect(world.said).toEqual([
      "Ready True Issuing",
      "TrustAnchorsInSync True ReadBack",
      "Rotating False RotationNotDue",
      "Drift False NothingFound",
      "CRLCurrent True Signed",
      "CRLCapacity True HasRoom",
    ]);
    expect(await world.bundle()).toEqual([1]);
    expect(await world.crls()).toEqual([1]);
  });
});

describe("a rotation", () => {
  beforeEach(async () => {
    await world.look();
    world.raiseMark(1, after(7 * day));
  });

  test("begins-by-itself-when-it-is-due-and-ends-with-the-old-key-destroyed", async () => {
    expect(world.fleet.status?.nextRotation).toBe("2027-10-23T02:54:59Z");
    world.advance(335 * day);
    world.raiseMark(1, after(342 * day));
    await world.until(() => world.phases === "1 Active, 2 Published", hour);
    expect(await world.bundle()).toEqual([1, 2]);
    expect(await world.crls()).toEqual([1, 2]);
    await world.until(() => world.phases === "1 Draining, 2 Active", hour);
    expect(world.mark(1).status?.sealed).toBe(true);
    world.advance(7 * day - hour);
    await world.look();
    expect(world.phases).toBe("1 Draining, 2 Active");
    await world.until(() => world.phases === "1 Retired, 2 Active", 2 * hour);
    expect(world.aws.now.getTime()).toBeGreaterThan(after(342 * day + 10 * minute).getTime());
    expect(await world.bundle()).toEqual([2]);
    expect(await world.crls()).toEqual([2]);
    world.advance(7 * day - hour);
    await world.look();
    expect(world.keys).toEqual([1, 2]);
    await world.until(() => world.phases === "1 Destroyed, 2 Active", 2 * hour);
    expect(world.keys).toEqual([2]);
  });
});
