import { afterAll, beforeAll, expect, test } from "vitest";
import { runCases } from "../../src/publisher/case.ts";
import { killCases } from "../../src/publisher/kill-cases.ts";
import { type Lab, startLab } from "../../src/publisher/lab.ts";
import { runMutants, tables } from "../../src/publisher/run-publisher.ts";

// A taste of `pnpm test:faults --subject publisher`, which tries every call and every row.
const log = (line: string): void => void process.stderr.write(`${line}\n`);

let lab: Lab;
beforeAll(async () => {
  lab = await startLab(log);
});
afterAll(async () => {
  await lab.stop();
});

test("faults-kills-and-a-mutant-end-as-they-must", async () => {
  const kills = killCases([
    { scenario: "revocation", call: "update revocationlists 1 #1", isRoutine: false, moment: "after" },
    { scenario: "compromised", call: "UpdateTrustAnchor eu-central-1 #1", isRoutine: false, moment: "after" },
  ]);
  const rows = tables.filter(({ name }) => name === "C01: an update has no effect");
  const [results, mutants] = await Promise.all([
    runCases(lab, [...rows, ...kills], { log, parallel: 3 }),
    runMutants(lab, { log, parallel: 1, only: "no-soak" }),
  ]);
  expect(results).toHaveLength(3);
  expect(mutants).toHaveLength(1);
  expect([...results, ...mutants].filter(({ outcome }) => outcome !== "passed")).toEqual([]);
  expect(results.filter(({ name }) => name.startsWith("kill:")).map(({ note }) => note)).toEqual([
    "1 kills",
    "1 kills",
  ]);
});
