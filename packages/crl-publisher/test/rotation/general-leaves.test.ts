import { afterEach, beforeEach, expect, test } from "vitest";
import { after, day, hour, prod } from "../support/objects.ts";
import { RotationWorld } from "../support/rotation-world.ts";

let world: RotationWorld;

beforeEach(async () => {
  world = await RotationWorld.start({ trustAnchors: [] });
  await world.look();
  world.raiseMark(1, after(3 * day));
});

afterEach(() => world[Symbol.asyncDispose]());

const general = (): unknown => world.fleet.status?.generations?.map((generation) => generation.general);

test("a-generation-that-signs-without-anchors-is-noted", () => {
  expect(general()).toEqual([{}]);
});

test("anchors-that-come-later-wait-until-its-leaves-have-ended-and-issuing-goes-on", async () => {
  world.changeSpec({ trustAnchors: [prod] });
  await world.look();
  expect(general()).toEqual([{ until: "2026-11-25T03:00:00Z" }]);
  expect(await world.aws.controlPlane.listTrustAnchors()).toEqual([]);
  expect(world.said).toContain("TrustAnchorsInSync False GeneralLeaves");
  expect(world.said).toContain("Ready True Issuing");

  // Leaves that are issued from now on are held to AWS's rules.
  world.raiseMark(1, after(6 * day));
  world.advance(3 * day);
  await world.look();
  expect(await world.aws.controlPlane.listTrustAnchors()).toEqual([]);
  await world.until(() => world.said.includes("TrustAnchorsInSync True ReadBack"), hour);
  expect(await world.bundle()).toEqual([1]);
});

test("a-rotation-brings-the-next-root-alone", async () => {
  world.changeSpec({ trustAnchors: [prod] });
  world.order("turn", { kind: "Rotate" });
  await world.until(() => world.phases === "1 Draining, 2 Active", 2 * hour);
  expect(await world.bundle()).toEqual([2]);
  expect(general()).toEqual([{ until: "2026-11-25T03:00:00Z" }, undefined]);
});

test("anchors-that-go-and-come-back-wait-anew", async () => {
  world.changeSpec({ trustAnchors: [prod] });
  await world.look();
  world.changeSpec({ trustAnchors: [] });
  await world.look();
  expect(general()).toEqual([{}]);
  world.raiseMark(1, after(5 * day));
  world.changeSpec({ trustAnchors: [prod] });
  await world.look();
  expect(general()).toEqual([{ until: "2026-11-27T03:00:00Z" }]);
});

test("one-that-had-anchors-from-the-beginning-waits-for-nothing", async () => {
  await using anchored = await RotationWorld.start();
  await anchored.look();
  expect(anchored.fleet.status?.generations?.[0]).not.toHaveProperty("general");
  expect(anchored.said).toContain("TrustAnchorsInSync True ReadBack");
});
