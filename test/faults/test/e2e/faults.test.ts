import { afterAll, beforeAll, expect, test } from "vitest";
import { DirectedRequests, tryFailpoints } from "../../src/directed-run.ts";
import { type Environment, startEnvironment } from "../../src/environment.ts";
import { collectEvidence } from "../../src/evidence.ts";
import type { Failpoint } from "../../src/failpoint.ts";
import { judge } from "../../src/judge.ts";
import { runRandom } from "../../src/random-run.ts";
import type { PlannedRequest } from "../../src/requests.ts";
import type { Result } from "../../src/result.ts";

// A taste of `pnpm test:faults`, which tries every call that it has seen.
const log = (line: string): void => void process.stderr.write(`${line}\n`);

let environment: Environment;
const planned: PlannedRequest[] = [];
beforeAll(async () => {
  environment = await startEnvironment({ log });
});
afterAll(async () => {
  await environment.stop();
});

/** A record that its maker never heard of, and one that comes when the standby's is there. */
const failpoints = (["after", "late"] as const).map((moment): Failpoint => ({
  scenario: "leading",
  call: "create issuedcertificates",
  nth: 1,
  group: "issue",
  moment,
}));

const notPassed = (results: readonly Result[]): readonly Result[] =>
  results.filter(({ outcome }) => outcome !== "passed");

test("a-request-gets-one-leaf-although-the-answer-to-its-record-is-lost-or-the-record-comes-late", async () => {
  const requests = new DirectedRequests();
  for (const failpoint of failpoints) {
    const results: Result[] = [];
    // On a busy machine the leader may lose its lease before the call, which another makes then: nothing was tried.
    while (results.every(({ outcome }) => outcome === "skipped")) {
      await tryFailpoints(environment, requests, [failpoint], { log, onResult: (result) => void results.push(result) });
    }
    expect(results.at(-1)?.outcome, JSON.stringify(results)).toBe("passed");
  }
  planned.push(...requests.planned);
});

test("each-of-many-requests-gets-one-leaf-although-replicas-are-killed-at-random", async () => {
  const run = await runRandom(environment, { requests: 40, kills: 10, seed: 1, log });
  planned.push(...run.planned);
  expect(run.kills).toBeGreaterThanOrEqual(10);
  const { results, counts } = judge("random", await collectEvidence(environment, planned));
  expect(notPassed(results)).toEqual([]);
  expect(counts.recorded).toBeGreaterThanOrEqual(planned.length);
});
