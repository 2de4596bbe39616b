import { expect, test } from "vitest";
import { planRotation } from "../../src/rotation/plan-rotation.ts";
import { rotationPolicy } from "../../src/rotation/policy.ts";
import { DONE } from "./model/faults.ts";
import { Run } from "./model/run.ts";
import { DAY, HOUR, MINUTE } from "./model/world.ts";

const policy = { ...rotationPolicy(DAY), leadMs: 5 * DAY, retentionMs: 2 * DAY, publishDeadlineMs: 12 * HOUR };

/** One anchor with a canary, and one publisher, up to the end of the first root. */
function untilTheEndOf(canaryWorks: boolean): Run {
  const anchors = [{ name: "prod", manage: true, create: true, hasCanary: true, usesOwnLeaf: false }];
  const run = new Run({ policy, rootMs: 12 * DAY, anchors, foreign: [], publishers: 1 }, planRotation);
  proceed(run, () => run.world.activeGeneration() !== undefined);
  const end = run.world.activeGeneration()?.root.notAfter ?? 0;
  for (const anchor of run.world.anchors) anchor.canaryWorks = canaryWorks;
  proceed(run, () => run.world.now >= end + policy.skewMs + MINUTE);
  return run;
}

/** Takes steps without faults, and waits as it is told to. */
function proceed(run: Run, isSo: () => boolean): void {
  const publisher = run.publisher(0);
  for (let step = 0; !isSo(); step += 1) {
    if (step > 50_000) expect.fail("it does not get on");
    run.carryOut(publisher, publisher.decide(), DONE, 0);
  }
}

const phases = ({ world }: Run): readonly string[] =>
  [...world.kube.generations.values()].map(({ root, phase }) => `${root.generation} ${phase}`);

test("a generation whose canary fails until the active root ends is kept when there is no time for another, and takes over", () => {
  const run = untilTheEndOf(false);
  const waiting = [...run.world.kube.generations.values()].findLast(({ phase }) => phase === "Published");
  // Others were given up before, as long as there was time.
  expect(phases(run)).toContain("2 Abandoned");
  expect(waiting).toBeDefined();

  for (const anchor of run.world.anchors) anchor.canaryWorks = true;
  proceed(run, () => (run.world.activeGeneration()?.root.generation ?? 0) > 1);

  expect(run.world.activeGeneration()?.root).toEqual(waiting?.root);
});

test("where canaries pass nothing is given up", () => {
  const run = untilTheEndOf(true);
  expect(phases(run).filter((text) => text.endsWith("Abandoned"))).toEqual([]);
  expect(run.world.activeGeneration()?.root.generation).toBeGreaterThan(1);
});

test("a publisher that is too slow to read in time does not switch before the active root has ended, and gives nothing up", () => {
  const anchors = [{ name: "prod", manage: true, create: true, hasCanary: false, usesOwnLeaf: false }];
  const run = new Run({ policy, rootMs: 12 * DAY, anchors, foreign: [], publishers: 1 }, planRotation);
  proceed(run, () => run.world.activeGeneration() !== undefined);
  const end = run.world.activeGeneration()?.root.notAfter ?? 0;
  const publisher = run.publisher(0);
  while (run.world.now < end - HOUR) {
    const decision = publisher.decide();
    // Longer than two periods between two readings: what was there is not known, so that the soak begins anew.
    if (decision.plan.next === "act" && decision.plan.action.do === "ReadAnchor") run.advance(2 * policy.readEveryMs);
    run.carryOut(publisher, decision, DONE, 0);
  }
  expect(phases(run).filter((text) => !text.startsWith("1 "))).toEqual(["2 Published"]);

  proceed(run, () => run.world.activeGeneration()?.root.generation === 2);

  expect(phases(run)).toContain("2 Active");
});
