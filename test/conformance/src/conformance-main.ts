// `pnpm conformance`: cert-manager's conformance suites against Capstan's issuers on a real control plane.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { formatTotals, runMain, say, withStop } from "@capstan/test-cluster/long-run";
import { formatDocument } from "./document.ts";
import { extraProtocol, startEnvironment } from "./environment.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { document, repository } from "./places.ts";
import type { Result, Results } from "./result.ts";
import { runOriginal, runPort } from "./run-suite.ts";
import { prepareCapstan, prepareCertManager } from "./subjects.ts";

const heartbeatMs = 30_000;
await runMain({
  usage,
  readOptions,
  run: async (options) => {
    const results = await run(options);
    const report = await writeReport(options, results);
    // A part of the specs says nothing about the whole.
    if (options.focus === undefined && !options.selfCheck) await writeFile(document, formatDocument(results));
    say(`every result with its time: ${path.relative(repository, report)}`);
    return [...results.port, ...results.original];
  },
});

async function run({ selfCheck, focus, workers }: Options): Promise<Results> {
  return withStop(await startEnvironment({ capstan: !selfCheck, log: say }), async ({ cluster, broken }) => {
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
    }
  });
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
