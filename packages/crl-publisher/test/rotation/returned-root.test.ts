import { afterEach, beforeEach, expect, test } from "vitest";
import { day, hour, minute, prod } from "../support/objects.ts";
import { RotationWorld } from "../support/rotation-world.ts";

const canary = {
  profileArn: "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/00000000-0000-4000-8000-000000000000",
  roleArn: "arn:aws:iam::111122223333:role/canary",
};

let world: RotationWorld;

beforeEach(async () => {
  world = await RotationWorld.start({ trustAnchors: [{ ...prod, canary }] });
});

afterEach(() => world[Symbol.asyncDispose]());

test("the-root-of-a-first-generation-that-was-given-up-goes-once-another-signs", async () => {
  world.sessions.canaryPasses = false;
  await world.look();
  world.order("give-up", { kind: "Abandon" });
  await world.until(() => world.phases.startsWith("1 Abandoned"), hour);
  world.sessions.canaryPasses = true;
  await world.until(() => world.phases === "1 Abandoned, 2 Active", day);
  world.advance(minute);
  await world.look();
  expect([await world.bundle(), await world.crls()]).toEqual([[2], [2]]);
});

test.each([["while-the-publisher-runs", false] as const, ["before-a-publisher-starts", true] as const])(
  "a-root-that-is-done-and-is-put-back-%s-is-taken-out-again",
  async (_, isStarted) => {
    await world.look();
    const [first] = await world.aws.controlPlane.listTrustAnchors();
    world.order("turn", { kind: "Rotate" });
    await world.until(() => world.phases === "1 Retired, 2 Active", 60 * day);
    const [now] = await world.aws.controlPlane.listTrustAnchors();
    await world.aws.replaceBundle(first?.arn ?? "", `${first?.bundlePem ?? ""}${now?.bundlePem ?? ""}`);
    expect(await world.bundle()).toEqual([1, 2]);
    if (isStarted) world.restart();
    for (let round = 0; round < 3; round += 1) {
      world.advance(6 * minute);
      await world.look();
    }
    expect(await world.bundle()).toEqual([2]);
    world.order("again", { kind: "Rotate" });
    await world.until(() => world.phases.endsWith("3 Active"), 3 * day);
  },
);

test.each(["Retired", "Destroyed"])(
  "a-trust-anchor-that-was-ignored-until-its-generation-was-%s-and-a-publisher-that-knows-nothing-of-it-get-together",
  async (phase) => {
    const far = { ...prod, name: "far" };
    world.changeSpec({ trustAnchors: [prod, far] });
    await world.until(() => world.phases === "1 Active", day);
    world.changeSpec({ trustAnchors: [prod, { ...far, ignore: true }] });
    world.order("turn", { kind: "Rotate" });
    await world.until(() => world.phases === "1 Retired, 2 Active", 60 * day);
    // The key is kept for a week.
    if (phase === "Destroyed") {
      world.advance(8 * day);
      await world.until(() => world.phases === "1 Destroyed, 2 Active", day);
    }
    world.restart();
    world.changeSpec({ trustAnchors: [prod, far] });
    for (let round = 0; round < 4; round += 1) {
      await world.look();
      world.advance(6 * minute);
    }
    expect(world.said).not.toContain("Rotating False StateBehind");
    const anchors = await world.aws.controlPlane.listTrustAnchors();
    expect(anchors).toHaveLength(2);
    expect(new Set(anchors.map(({ bundlePem = "" }) => bundlePem.trim())).size).toBe(1);
    expect(await world.crls()).toEqual([2, 2]);
  },
);
