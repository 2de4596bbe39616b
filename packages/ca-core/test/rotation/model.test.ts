import { expect, test } from "vitest";
import { planRotation } from "../../src/rotation/plan-rotation.ts";
import { report, runSchedule, runToTheEnd } from "./model/run-schedule.ts";
import { scheduleOf } from "./model/schedule.ts";

// A world of anchors without compare-and-swap, lost and late writes, stale reads, strangers, crashes, two publishers,
// wrong clocks, operators and restores carries out what the planner says; every rule is checked after every step.
// CAPSTAN_SCHEDULES sets how many schedules are run, 10,000 and more before a release, CAPSTAN_SEED the first one.
const schedules = Number(process.env["CAPSTAN_SCHEDULES"] ?? 2_000);
const firstSeed = Number(process.env["CAPSTAN_SEED"] ?? 1);

test(
  "no schedule of steps, faults, crashes, clocks and orders breaks a rule",
  () => {
    for (let seed = firstSeed; seed < firstSeed + schedules; seed += 1) {
      const failure = report(seed, planRotation, runSchedule);
      if (failure !== undefined) expect.fail(failure);
    }
  },
  schedules * 60 + 60_000,
);

test(
  "from a world that has come to rest, every rotation ends with the older generations destroyed",
  () => {
    let longest = 0;
    for (let seed = firstSeed; seed < firstSeed + schedules / 20; seed += 1) {
      const failure = report(seed, planRotation, (schedule, plan) => {
        longest = Math.max(longest, runToTheEnd(schedule, plan, 1_000));
      });
      if (failure !== undefined) expect.fail(failure);
    }
    // The world waits as long as it is told, so these are steps and not moments.
    expect(longest).toBeGreaterThan(20);
  },
  schedules * 60 + 60_000,
);

test("the same seed gives the same schedule, and most schedules get as far as a second generation", () => {
  expect(scheduleOf(7)).toEqual(scheduleOf(7));
  const reached = new Set<number>();
  for (let seed = 0; seed < 50; seed += 1) {
    runSchedule(scheduleOf(seed), (observation) => {
      if (observation.generations.some(({ number, phase }) => number > 1 && phase === "Active")) reached.add(seed);
      return planRotation(observation);
    });
  }
  expect(reached.size).toBeGreaterThan(25);
});
