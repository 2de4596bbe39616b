import { afterAll, beforeAll, expect, test } from "vitest";
import { type Environment, startEnvironment } from "../../src/environment.ts";
import { judge } from "../../src/judge.ts";
import { PLANS } from "../../src/plan.ts";
import { runSoak } from "../../src/run.ts";

// A taste of `pnpm soak`, which changes fifty roots under two hundred workloads.
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const plan = PLANS.smoke;

let environment: Environment;
beforeAll(async () => {
  environment = await startEnvironment(plan, undefined, log);
});
afterAll(async () => {
  await environment.stop();
});

test("two-roots-change-under-ten-workloads-without-one-refused-session", async () => {
  const outcome = await runSoak(environment, plan, log);
  const results = judge({ plan, ...outcome, holdings: environment.holdings });
  expect(results.filter(({ outcome: how }) => how !== "passed")).toEqual([]);
  expect(outcome.tally.refusals).toEqual([]);
});

test("a-publisher-that-does-not-wait-for-the-drain-is-noticed-by-refused-sessions", async () => {
  await environment.replacePublisher("drainIsOver");
  let { tally, failure } = await runSoak(environment, { ...plan, rotations: plan.rotations + 1 }, log);
  // On a busy machine it comes to a removal when the leaves have ended already.
  for (let more = 2; more <= 4 && tally.verdicts.refused === 0; more += 1) {
    ({ tally, failure } = await runSoak(environment, { ...plan, rotations: plan.rotations + more }, log));
  }
  expect(failure).toBeUndefined();
  expect(tally.verdicts.refused).toBeGreaterThan(0);
  expect(tally.refusals.map(({ reason }) => reason)).toContain(
    "CreateSession: AWS answered AccessDeniedException: Untrusted signing certificate",
  );
  // What is refused was valid, and the root that it needs was draining or already called retired.
  expect(tally.refusals.filter(({ at, notAfter }) => at >= notAfter)).toEqual([]);
});
