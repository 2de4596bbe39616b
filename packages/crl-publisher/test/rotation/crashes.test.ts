import { isConflict, LeadershipLostError } from "@capstan/kube";
import { describe, expect, test } from "vitest";
import { day, hour, minute } from "../support/objects.ts";
import { type Failpoint, KilledPublisher } from "../support/killed-publisher.ts";
import { Publisher, RotationWorld } from "../support/rotation-world.ts";

// A whole life: the first generation, an ordered rotation, its drain, and the end of the old key. Every write of it is a
// failpoint, before and after. All of them take minutes; by default each seventeenth is tried, and all with
// CAPSTAN_FAILPOINTS=all.
const spec = { rotation: { retention: "1m" } };
const end = "1 Destroyed, 2 Active";

/** Runs it, with a publisher that is killed on the way and another one that goes on. */
async function live(world: RotationWorld, at: Failpoint | undefined): Promise<KilledPublisher> {
  const first = new KilledPublisher(world, at);
  let publisher = first.publisher;
  let hasOrdered = false;
  const limit = world.aws.clock.now() + 2 * day;
  for (;;) {
    try {
      const { requeueAfterMs = minute } = await world.look(publisher);
      world.advance(requeueAfterMs);
    } catch (error) {
      if (!(error instanceof LeadershipLostError)) throw error;
      world.restart();
      publisher = world.publisher;
    }
    if (!hasOrdered && world.phases === "1 Active") {
      world.order("turn", { kind: "Rotate" });
      hasOrdered = true;
    }
    if (world.phases === end) return first;
    if (world.aws.clock.now() > limit) throw new Error(`stuck at ${world.phases}: ${world.said.join(", ")}`);
  }
}

async function expectAllWell(world: RotationWorld): Promise<void> {
  await world.until(() => world.fleet.status?.operations === undefined, hour);
  expect(world.outcome("turn")).toBe("Done: generation 2 is being introduced");
  expect(world.phases).toBe(end);
  expect(world.said.slice(0, 2)).toEqual(["Ready True Issuing", "TrustAnchorsInSync True ReadBack"]);
  expect(world.keys).toEqual([2]);
  expect([await world.bundle(), await world.crls()]).toEqual([[2], [2]]);
  expect(await world.aws.controlPlane.listTrustAnchors()).toHaveLength(1);
}

async function writesOfALife(): Promise<readonly string[]> {
  await using world = await RotationWorld.start(spec);
  const { writes } = await live(world, undefined);
  await expectAllWell(world);
  return writes;
}

const writes = await writesOfALife();
const stride = process.env["CAPSTAN_FAILPOINTS"] === "all" ? 1 : 17;
const failpoints = writes
  .flatMap((name, index) => (["before", "after"] as const).map((position) => ({ name, write: index + 1, position })))
  .filter((_, index) => index % stride === 0);

test("every-kind-of-write-is-a-failpoint", () => {
  const kinds = new Set(writes.map((name) => name.replace(/\/namespaces\/[^/]+/, "").replace(/fleet-?\w*/, "…")));
  for (const kind of ["createTrustAnchor", "updateTrustAnchor", "importCrl", "deleteCrl"])
    expect(kinds).toContain(kind);
  for (const kind of ["POST /api/v1/secrets", "DELETE /api/v1/secrets/…"]) expect(kinds).toContain(kind);
  expect(kinds).toContain("PATCH /apis/capstan.dev/v1alpha1/generationmarks/…/status");
});

describe("a publisher that is killed", () => {
  test.each(failpoints)("$position write $write: $name", { timeout: 60_000 }, async ({ write, position }) => {
    await using world = await RotationWorld.start(spec);
    const killed = await live(world, { write, position });
    expect(killed.isDead).toBe(true);
    await expectAllWell(world);
  });
});

describe("two publishers at once", () => {
  test("make-one-generation-after-the-other-and-never-two", { timeout: 60_000 }, async () => {
    await using world = await RotationWorld.start(spec);
    const both = [new Publisher(world), new Publisher(world)];
    let hasOrdered = false;
    const limit = world.aws.clock.now() + 2 * day;
    while (world.phases !== end) {
      const looks = await Promise.allSettled(both.map((publisher) => world.look(publisher)));
      for (const look of looks) {
        // The slower one is told that somebody wrote meanwhile, and looks again.
        if (look.status === "rejected" && !isConflict(look.reason)) throw look.reason;
      }
      world.advance(minute);
      if (!hasOrdered && world.phases === "1 Active") {
        world.order("turn", { kind: "Rotate" });
        hasOrdered = true;
      }
      if (world.aws.clock.now() > limit) throw new Error(`stuck at ${world.phases}: ${world.said.join(", ")}`);
    }
    await expectAllWell(world);
  });
});
