// `pnpm drill`: how long a revocation takes, what a thousand and six thousand at once do, how long an emergency takes for 500
// workloads, and whether a state that comes back from a backup is noticed. Times are printed, and none is asserted.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { formatTotals, runMain, say, withStop } from "@capstan/test-cluster/long-run";
import { repository } from "../places.ts";
import { type Lab, startLab } from "../publisher/lab.ts";
import type { Result } from "../result.ts";
import { emergency } from "./emergency-part.ts";
import type { Part } from "./part.ts";
import { recover } from "./recover-part.ts";
import { burst, full, latency } from "./revocation-parts.ts";

const parts: readonly Part[] = [latency, burst, full, emergency, recover];

const usage = `usage: pnpm drill [--only ${parts.map(({ name }) => name).join("|")}] [--smoke]

  --only PART  one of them; may be given again (default: all)
  --smoke      a few of each, to see that it works`;

interface Options {
  readonly chosen: readonly Part[];
  readonly smoke: boolean;
}

function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      help: { type: "boolean" },
      only: { type: "string", multiple: true },
      smoke: { type: "boolean", default: false },
    },
  });
  const { help, only, smoke } = values;
  if (help === true) return "help";
  const unknown = only?.find((one) => !parts.some(({ name }) => name === one));
  if (unknown !== undefined) throw new Error(`--only is ${unknown}; give one of the parts`);
  return { chosen: parts.filter(({ name }) => only === undefined || only.includes(name)), smoke };
}

await runMain({ usage, readOptions, run });

async function run({ chosen, smoke }: Options): Promise<readonly Result[]> {
  const results: Result[] = [];
  const measurements: Record<string, unknown> = {};
  const rule = (name: string, holds: boolean, note: string): void => {
    results.push({ run: "drill", name, outcome: holds ? "passed" : "failed", note });
    say(`${holds ? "passed" : "failed"}: ${name} (${note})`);
  };
  const measured = (name: string, value: unknown): void => void (measurements[name] = value);
  let shared: Promise<Lab> | undefined;
  const lab = (): Promise<Lab> => (shared ??= startLab(say));
  await withStop({ stop: async () => (await shared)?.stop() }, async () => {
    for (const { name, run: runPart } of chosen) {
      say(`begins: ${name}`);
      try {
        await runPart({ lab, say, smoke, rule, measured });
      } catch (error) {
        rule(name, false, error instanceof Error ? error.message : String(error));
      }
    }
  });
  const folder = path.join(repository, "reports/drill");
  await mkdir(folder, { recursive: true });
  const report = { date: new Date().toISOString(), totals: formatTotals(results), measurements, results };
  await writeFile(path.join(folder, "drill.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  say("every number: reports/drill/drill.json");
  return results;
}
