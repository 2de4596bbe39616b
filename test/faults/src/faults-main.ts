// `pnpm test:faults`: the issuer controller and the publisher are killed at every call they make, and everything else that can
// goes wrong. Each request must still get exactly one leaf, and each rotation and revocation end as if nothing had been.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { formatTotals, runMain, say, withStop } from "@capstan/test-cluster/long-run";
import { DirectedRequests, recordFailpoints, tryFailpoints } from "./directed-run.ts";
import { type Environment, startEnvironment } from "./environment.ts";
import { collectEvidence } from "./evidence.ts";
import { formatCounts, judge } from "./judge.ts";
import { type Options, readOptions, type Subject, usage } from "./options.ts";
import { repository } from "./places.ts";
import { startLab } from "./publisher/lab.ts";
import { runPublisher } from "./publisher/run-publisher.ts";
import { runRandom } from "./random-run.ts";
import type { PlannedRequest } from "./requests.ts";
import type { Result } from "./result.ts";

await runMain({
  usage,
  readOptions,
  run: async (options) => {
    say(`seed ${options.seed}`);
    const reports: Report[] = [];
    for (const subject of options.subjects) reports.push(await runOf(subject, options));
    const report: Report = Object.assign({}, ...reports, { results: reports.flatMap(({ results }) => results) });
    say(`every result: ${path.relative(repository, await writeReport(options, report))}`);
    return report.results;
  },
});

async function runOf(subject: Subject, options: Options): Promise<Report> {
  return subject === "issuer"
    ? withStop(await startEnvironment({ log: say }), (environment) => run(environment, options))
    : withStop(await startLab(say, options.speed), (lab) => runPublisher(lab, { ...options, log: say }));
}

interface Report {
  readonly results: readonly Result[];
  readonly [run: string]: unknown;
}

async function run(environment: Environment, { seed, requests, kills, only }: Options): Promise<Report> {
  const results: Result[] = [];
  const planned: PlannedRequest[] = [];
  const report: Record<string, unknown> = {};
  const judgeAll = async (name: string): Promise<void> => {
    const { results: found, counts } = judge(name, await collectEvidence(environment, planned));
    results.push(...found);
    for (const { outcome, name: rule, note } of found) say(`${outcome} ${rule}: ${note ?? ""}`);
    say(formatCounts(counts));
    report[name] = { ...(report[name] as object), counts };
  };
  if (only !== "random") {
    const requests = new DirectedRequests();
    const failpoints = await recordFailpoints(environment, requests, say);
    const onResult = (result: Result): void => void results.push(result);
    await tryFailpoints(environment, requests, failpoints, { log: say, onResult });
    planned.push(...requests.planned);
    report["directed"] = { failpoints };
    await judgeAll("directed");
  }
  if (only !== "directed") {
    const random = await runRandom(environment, { seed, requests, kills, log: say });
    planned.push(...random.planned);
    const { starts, killsAtCalls } = random;
    say(`${random.kills} kills, ${killsAtCalls} of them at a call of the issue path; ${starts} starts`);
    const enough = random.kills >= kills;
    const name = `At least ${kills} kills`;
    results.push({ run: "random", name, outcome: enough ? "passed" : "failed", note: String(random.kills) });
    report["random"] = { kills: random.kills, killsAtCalls, starts };
    await judgeAll("random");
  }
  return { ...report, results };
}

async function writeReport(options: Options, report: Report): Promise<string> {
  const file = path.join(repository, "reports/faults/faults.json");
  const content = { date: new Date().toISOString(), options, totals: formatTotals(report.results), ...report };
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(content, undefined, 2)}\n`);
  return file;
}
