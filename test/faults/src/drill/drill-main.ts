// `pnpm drill`: how long a revocation takes, what a thousand and six thousand at once do, how long an emergency takes for 500
// workloads, and whether a state that comes back from a backup is noticed. Times are printed, and none is asserted.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { repository } from "../places.ts";
import { type Lab, startLab } from "../publisher/lab.ts";
import { formatTotals, type Result } from "../result.ts";
import { emergency } from "./emergency-part.ts";
import type { Part } from "./part.ts";
import { recover } from "./recover-part.ts";
import { burst, full, latency } from "./revocation-parts.ts";

const parts: readonly Part[] = [latency, burst, full, emergency, recover];

const usage = `usage: pnpm drill [--only ${parts.map(({ name }) => name).join("|")}] [--smoke]

  --only PART  one of them; may be given again (default: all)
  --smoke      a few of each, to see that it works`;

const begun = performance.now();

function say(line: string): void {
  const seconds = Math.round((performance.now() - begun) / 1000);
  const clock = `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
  process.stderr.write(`[${clock.padStart(6)}] ${line}\n`);
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      help: { type: "boolean" },
      only: { type: "string", multiple: true },
      smoke: { type: "boolean", default: false },
    },
  });
  const chosen = parts.filter(({ name }) => values.only === undefined || values.only.includes(name));
  if (values.help === true || chosen.length === 0) {
    process.stderr.write(`${usage}\n`);
    return values.help === true ? 0 : 2;
  }
  const results: Result[] = [];
  const measurements: Record<string, unknown> = {};
  const rule = (name: string, holds: boolean, note: string): void => {
    results.push({ run: "drill", name, outcome: holds ? "passed" : "failed", note });
    say(`${holds ? "passed" : "failed"}: ${name} (${note})`);
  };
  const measured = (name: string, value: unknown): void => void (measurements[name] = value);
  let shared: Promise<Lab> | undefined;
  const lab = (): Promise<Lab> => (shared ??= startLab(say));
  // The processes would die with this one anyway; this also removes their folder.
  const interrupted = (): void => void shared?.then(({ stop }) => stop()).finally(() => process.exit(130));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    for (const { name, run } of chosen) {
      say(`begins: ${name}`);
      try {
        await run({ lab, say, smoke: values.smoke, rule, measured });
      } catch (error) {
        rule(name, false, error instanceof Error ? error.message : String(error));
      }
    }
  } finally {
    await (await shared)?.stop();
  }
  const folder = path.join(repository, "reports/drill");
  await mkdir(folder, { recursive: true });
  const report = { date: new Date().toISOString(), totals: formatTotals(results), measurements, results };
  await writeFile(path.join(folder, "drill.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  say("every number: reports/drill/drill.json");
  process.stdout.write(`${formatTotals(results)}\n`);
  return results.some(({ outcome }) => outcome === "failed") ? 1 : 0;
}
