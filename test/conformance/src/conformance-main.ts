// `pnpm conformance`: cert-manager's conformance suites against Capstan's issuers on a real control plane.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { formatDocument } from "./document.ts";
import { extraProtocol, startEnvironment } from "./environment.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { document, repository } from "./places.ts";
import { formatTotals, type Result, type Results } from "./result.ts";
import { runOriginal, runPort } from "./run-suite.ts";
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
  let results: Results;
  try {
    results = await run(options);
  } catch (error) {
    say(`given up: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  const all = [...results.port, ...results.original];
  const report = await writeReport(options, results);
  // A part of the specs says nothing about the whole.
  if (options.focus === undefined && !options.selfCheck) await writeFile(document, formatDocument(results));
  say(`every result with its time: ${path.relative(repository, report)}`);
  process.stdout.write(`${formatTotals(all)}\n`);
  return all.some(({ outcome }) => outcome === "failed") ? 1 : 0;
}

async function run({ selfCheck, focus, workers }: Options): Promise<Results> {
  const { cluster, broken, stop } = await startEnvironment({ capstan: !selfCheck, log: say });
  // The processes would die with this one anyway; this also removes their folder.
  const interrupted = (): void => void stop().finally(() => process.exit(130));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  const stopping = new AbortController();
  const ended: Result[] = [];
  const heartbeat = setInterval(() => say(`so far ${formatTotals(ended)}`), heartbeatMs);
  const onResult =
    (program: string) =>
    (result: Result): void => {
      ended.push(result);
      const { suite, spec, issuer, outcome, reason } = result;
      say(
        `${ended.length}: ${outcome} ${program} ${issuer} ${suite} "${spec}"${reason === undefined ? "" : `: ${reason}`}`,
      );
    };
  try {
    const issuers = await (selfCheck ? prepareCertManager : prepareCapstan)(cluster);
    const shared = { kubeconfig: cluster.adminKubeconfig, issuers, signal: stopping.signal, log: say };
    const whole = Promise.all([
      runPort({
        ...shared,
        extraProtocol,
        workers,
        ...(focus === undefined ? {} : { focus }),
        onResult: onResult("port"),
      }),
      // Its specs have other names.
      focus === undefined ? runOriginal({ ...shared, onResult: onResult("v1.11.5") }) : [],
    ]);
    // When Capstan is broken, this is the lesser news.
    whole.catch(() => undefined);
    const [port, original] = await Promise.race([whole, broken]);
    return { port, original };
  } finally {
    stopping.abort();
    clearInterval(heartbeat);
    await stop();
  }
}

async function writeReport({ selfCheck, focus }: Options, results: Results): Promise<string> {
  const file = path.join(repository, "reports/conformance", selfCheck ? "self-check.json" : "capstan.json");
  const report = {
    date: new Date().toISOString(),
    ...(focus === undefined ? {} : { focus }),
    totals: formatTotals([...results.port, ...results.original]),
    ...results,
  };
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`);
  return file;
}
