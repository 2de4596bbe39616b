import { afterAll, beforeAll, expect, test } from "vitest";
import { runDirected } from "../../src/directed-run.ts";
import { type Environment, startEnvironment } from "../../src/environment.ts";
import { collectEvidence } from "../../src/evidence.ts";
import type { Failpoint } from "../../src/failpoint.ts";
import { judge } from "../../src/judge.ts";
import { runRandom } from "../../src/random-run.ts";
import type { PlannedRequest } from "../../src/requests.ts";
import type { Result } from "../../src/result.ts";

// A taste of `pnpm test:faults`, which kills at every call.
const log = (line: string): void => void process.stderr.write(`${line}\n`);

let environment: Environment;
const planned: PlannedRequest[] = [];
beforeAll(async () => {
  environment = await startEnvironment({ log });
});
afterAll(async () => {
  await environment.stop();
});

/** What a crash can tear apart: the mark from the signature, the record from the answer. */
const torn = ["update generationmarks", "create issuedcertificates", "patch certificaterequests/status"];

/** Both sides of the record and it late, and one side of the others. */
function choose(seen: readonly Failpoint[]): readonly Failpoint[] {
  return seen.filter(
    ({ scenario, call, nth, moment }) =>
      scenario === "leading" && nth === 1 && torn.includes(call) && (moment === "after" || call === torn[1]),
  );
}

const failed = (results: readonly Result[]): readonly Result[] => results.filter(({ outcome }) => outcome !== "passed");

test("a-request-gets-one-leaf-although-its-leader-is-killed-at-a-call", async () => {
  const results: Result[] = [];
  const run = await runDirected(environment, { log, choose, onResult: (result) => void results.push(result) });
  planned.push(...run.planned);
  expect(run.seen.map(({ call }) => call)).toEqual(expect.arrayContaining(torn));
  expect(results).toHaveLength(5);
  expect(failed(results)).toEqual([]);
});

test("each-of-many-requests-gets-one-leaf-although-replicas-are-killed-at-random", async () => {
  const run = await runRandom(environment, { requests: 40, kills: 10, seed: 1, log });
  planned.push(...run.planned);
  expect(run.kills).toBeGreaterThanOrEqual(10);
  const { results, counts } = judge("random", await collectEvidence(environment, planned));
  expect(failed(results)).toEqual([]);
  expect(counts.recorded).toBeGreaterThanOrEqual(planned.length);
});
