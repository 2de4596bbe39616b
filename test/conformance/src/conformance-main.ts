// `pnpm conformance`: cert-manager's conformance suites against Capstan's issuers on a real control plane.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { formatDocument } from "./document.ts";
import { extraProtocol, startEnvironment } from "./environment.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { document, repository } from "./places.ts";
import { formatTotals, type Result } from "./result.ts";
import { runSuite } from "./run-suite.ts";
import { prepareCapstan, prepareCertManager } from "./subjects.ts";

const heartbeatMs = 30_000;
const begun = performance.now();

function say(line: string): void {
  const seconds = Math.round((performance.now() - begun) / 1000);
  const clock = `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
  process.stderr.write(`[${clock.padStart(6)}] ${line}\n`);
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: Options | "help";
  try {
    options = readOptions(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return 2;
  }
  if (options === "help") {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const results = await run(options);
  const report = await writeReport(options, results);
  // A part of the specs says nothing about the whole.
  if (options.focus === undefined && !options.selfCheck) await writeFile(document, formatDocument(results));
  say(`every result with its time: ${path.relative(repository, report)}`);
  process.stdout.write(`${formatTotals(results)}\n`);
  return results.some(({ outcome }) => outcome === "failed") ? 1 : 0;
}

async function run({ selfCheck, focus, workers }: Options): Promise<readonly Result[]> {
  const environment = await startEnvironment({ capstan: !selfCheck, log: say });
  const { cluster, stop } = environment;
  // The processes would die with this one anyway; this also removes their folder.
  const interrupted = (): void => void stop().finally(() => process.exit(130));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  let planned = 0;
  let ended = 0;
  const heartbeat = setInterval(() => say(`${planned - ended} of ${planned} specs are still to end`), heartbeatMs);
  try {
    return await runSuite({
      kubeconfig: cluster.adminKubeconfig,
      issuers: await (selfCheck ? prepareCertManager : prepareCapstan)(cluster),
      extraProtocol,
      workers,
      ...(focus === undefined ? {} : { focus }),
      log: say,
      onPlan: (count) => {
        planned = count;
        say(`${count} specs to run, ${workers} at a time`);
      },
      onResult: ({ suite, spec, issuer, outcome, reason }) => {
        ended += 1;
        const why = reason === undefined ? "" : `: ${reason}`;
        say(`${ended}/${planned} ${outcome} ${issuer} ${suite} "${spec}"${why}`);
      },
    });
  } finally {
    clearInterval(heartbeat);
    await stop();
  }
}

async function writeReport({ selfCheck, focus }: Options, results: readonly Result[]): Promise<string> {
  const file = path.join(repository, "reports/conformance", selfCheck ? "self-check.json" : "capstan.json");
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(
    file,
    `${JSON.stringify({ date: new Date().toISOString(), ...(focus === undefined ? {} : { focus }), totals: formatTotals(results), results }, undefined, 2)}\n`,
  );
  return file;
}
