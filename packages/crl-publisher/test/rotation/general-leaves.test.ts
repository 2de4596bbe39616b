import { generationMarkResource } from "@capstan/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { after, day, hour, ownNamespace, prod } from "../support/objects.ts";
import { RotationWorld } from "../support/rotation-world.ts";

let world: RotationWorld;

beforeEach(async () => {
  world = await RotationWorld.start({ trustAnchors: [] });
  await world.look();
});

afterEach(() => world[Symbol.asyncDispose]());

const general = (): unknown => world.fleet.status?.generations?.map((generation) => generation.general);
const hasAnchor = async (): Promise<boolean> => (await world.aws.controlPlane.listTrustAnchors()).length > 0;

test("a-generation-that-signs-without-anchors-is-noted", () => {
  expect(general()).toEqual([{}]);
});

describe("anchors that come later", () => {
  test("wait-for-nothing-when-no-leaf-of-profile-general-was-signed", async () => {
    // Its own leaves, and those of profile RolesAnywhere, raise the mark alone.
    world.raiseMark(1, after(6 * day));
    expect(Date.parse(world.mark(1).spec.notAfter)).toBeGreaterThan(after(0).getTime());
    world.changeSpec({ trustAnchors: [prod] });
    await world.look();
    expect(general()).toEqual([undefined]);
    expect(await world.bundle()).toEqual([1]);
    await world.until(() => world.said.includes("TrustAnchorsInSync True ReadBack"), hour);
  });

  test("wait-until-its-leaves-have-ended-and-issuing-goes-on", async () => {
    world.raiseGeneralMark(1, after(3 * day));
    world.raiseMark(1, after(5 * day));
    world.changeSpec({ trustAnchors: [prod] });
    await world.look();
    expect(general()).toEqual([{ until: "2026-11-25T03:00:00Z" }]);
    expect(await hasAnchor()).toBe(false);
    expect(world.said).toContain("TrustAnchorsInSync False GeneralLeaves");
    expect(world.said).toContain("Ready True Issuing");

    world.advance(3 * day);
    await world.look();
    expect(await hasAnchor()).toBe(false);
    await world.until(() => world.said.includes("TrustAnchorsInSync True ReadBack"), hour);
    expect(await world.bundle()).toEqual([1]);
  });

  test("keep-the-root-though-an-issuer-raises-the-mark-for-a-leaf-that-it-does-not-release", async () => {
    world.changeSpec({ trustAnchors: [prod] });
    await world.look();
    world.raiseGeneralMark(1, after(7 * day));
    world.advance(hour);
    await world.look();
    expect(general()).toEqual([undefined]);
    expect(await world.bundle()).toEqual([1]);
  });

  test("wait-no-longer-for-a-mark-that-is-raised-after-they-came", async () => {
    world.raiseGeneralMark(1, after(day));
    world.changeSpec({ trustAnchors: [prod] });
    await world.look();
    world.raiseGeneralMark(1, after(6 * day));
    await world.look();
    expect(general()).toEqual([{ until: "2026-11-23T03:00:00Z" }]);
  });

  test("wait-for-the-end-of-the-root-when-the-mark-is-gone", async () => {
    world.server.remove(generationMarkResource, { namespace: ownNamespace, name: "fleet-1" });
    world.changeSpec({ trustAnchors: [prod] });
    await world.look();
    expect(general()).toEqual([{ until: world.fleet.status?.notAfter }]);
    expect(await hasAnchor()).toBe(false);
  });

  test("wait-for-the-end-of-the-root-when-the-mark-was-gone-before", async () => {
    world.server.remove(generationMarkResource, { namespace: ownNamespace, name: "fleet-1" });
    await world.look();
    expect(world.mark(1).spec.generalNotAfter).toBe(world.fleet.status?.notAfter);
    world.changeSpec({ trustAnchors: [prod] });
    await world.look();
    expect(general()).toEqual([{ until: world.fleet.status?.notAfter }]);
  });

  test("come-into-nothing-while-the-mark-cannot-be-read", async () => {
    world.changeSpec({ trustAnchors: [prod] });
    world.server.next("GET", /generationmarks/, { refuse: 500, reason: "InternalError" });
    await expect(world.look()).rejects.toMatchObject({ code: 500 });
    expect(general()).toEqual([{}]);
    expect(await hasAnchor()).toBe(false);
  });
});

test("a-rotation-brings-the-next-root-alone", async () => {
  world.raiseGeneralMark(1, after(3 * day));
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
  world.raiseGeneralMark(1, after(5 * day));
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

describe("Recover", () => {
  const recover = async (): Promise<void> => {
    world.order("restored", { kind: "Recover" });
    await world.until(() => world.outcome("restored").startsWith("Done"), hour);
  };

  test("raises-what-the-mark-says-of-profile-general-too", async () => {
    await recover();
    const { notAfter, generalNotAfter } = world.mark(1).spec;
    expect(Date.parse(generalNotAfter ?? "")).toBeGreaterThanOrEqual(after(7 * day).getTime());
    expect(generalNotAfter).toBe(notAfter);
  });

  test("raises-it-where-the-mark-is-high-enough-and-lowers-nothing", async () => {
    world.raiseMark(1, after(9 * day));
    await recover();
    expect(Date.parse(world.mark(1).spec.notAfter)).toBe(after(9 * day).getTime());
    expect(Date.parse(world.mark(1).spec.generalNotAfter ?? "")).toBeGreaterThanOrEqual(after(7 * day).getTime());
  });

  test("tells-of-none-where-there-were-anchors-all-the-time", async () => {
    await using anchored = await RotationWorld.start();
    await anchored.look();
    anchored.order("restored", { kind: "Recover" });
    await anchored.until(() => anchored.outcome("restored").startsWith("Done"), hour);
    expect(anchored.mark(1).spec).not.toHaveProperty("generalNotAfter");
  });
});
