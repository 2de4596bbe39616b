import { describe, expect, test } from "vitest";
import { plannerWith } from "../../src/rotation/plan-rotation.ts";
import { MUTANTS } from "./model/mutants.ts";
import { runSchedule } from "./model/run-schedule.ts";
import { scheduleOf } from "./model/schedule.ts";
import { Violation } from "./model/world.ts";

// Each run ends with the first schedule that finds it.
const schedules = Number(process.env["CAPSTAN_SCHEDULES"] ?? 10_000);

describe("the model finds a planner in which", () => {
  test.each(MUTANTS)(
    "$name",
    ({ guards, rules }) => {
      const plan = plannerWith(guards);
      for (let seed = 1; seed <= schedules; seed += 1) {
        try {
          runSchedule(scheduleOf(seed), plan);
        } catch (error) {
          if (!(error instanceof Violation)) throw error;
          expect(rules).toContain(error.rule);
          return;
        }
      }
      expect.fail(`${schedules} schedules broke no rule`);
    },
    schedules * 60 + 60_000,
  );
});
