// `pnpm bench:ledger`: what a ledger of 100,000 records costs etcd, the API server and our controllers.
import { writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { installTools, startCluster } from "@capstan/test-cluster";
import { formatLedgerResults } from "./format-ledger.ts";
import { fillLedger, type LedgerSample, openLedger, sampleLedger } from "./measure-ledger.ts";
import { say } from "@capstan/test-cluster/long-run";

const root = path.resolve(fileURLToPath(import.meta.url), "../../../..");
const usage = `pnpm bench:ledger [--records N] [--json FILE]

  --records  how many; default 100000
  --json     where to write the figures; default: ${path.join(tmpdir(), "capstan-bench-ledger.json")}`;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== "--"), // pnpm hands its own separator on
  options: {
    records: { type: "string", default: "100000" },
    json: { type: "string", default: path.join(tmpdir(), "capstan-bench-ledger.json") },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) console.log(usage);
else await run(Number(values.records), path.resolve(values.json));

async function run(records: number, json: string): Promise<void> {
  if (!Number.isSafeInteger(records) || records < 1) throw new TypeError(`--records ${records}: a whole number from 1`);
  const cluster = await startCluster({ tools: await installTools({ log: say }), log: say });
  try {
    await cluster.apply(["-k", path.join(root, "deploy/manifests")]);
    const ledger = openLedger(cluster);
    const samples: LedgerSample[] = [await sampleLedger(ledger)];
    // A tenth first: what grows with the ledger shows as a line through three points, and a run that is cut short tells something.
    for (const size of [Math.ceil(records / 10), records]) {
      const perSecond = await fillLedger(ledger, samples.at(-1)?.records ?? 0, size);
      samples.push(await sampleLedger(ledger));
      const machine = { cores: availableParallelism(), node: process.versions.node };
      const results = { date: new Date().toISOString(), machine, perSecond, samples };
      await writeFile(json, `${JSON.stringify(results, undefined, 2)}\n`);
      console.log(`${formatLedgerResults(results)}\n`);
    }
    console.log(json);
    await ledger.client.close();
  } finally {
    await cluster.stop();
  }
}
