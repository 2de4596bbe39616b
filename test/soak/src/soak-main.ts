// `pnpm soak`: roots change under workloads that renew their leaves and get AWS sessions all the time; not one session may be
// refused to a valid leaf.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { type Environment, startEnvironment } from "./environment.ts";
import { judge } from "./judge.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { reports, repository } from "./places.ts";
import { drawPlot } from "./plot.ts";
import { formatTotals, type Result } from "./result.ts";
import { runSoak, type RunOutcome } from "./run.ts";

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
  const { plan, brokenGuard } = options;
  say(`${plan.rotations} rotations under ${plan.workloads} workloads, ${plan.factor} times as fast as real time`);
  const environment = await startEnvironment(plan, brokenGuard, say);
  // The processes would die with this one anyway; this also removes their folder.
  const interrupted = (): void => void environment.stop().finally(() => process.exit(130));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    const outcome = await runSoak(environment, plan, say);
    const results = judge({ plan, ...outcome, holdings: environment.holdings });
    for (const { outcome: how, name, note } of results) say(`${how}: ${name} (${note})`);
    const { leaves, withoutLeaf, failedRenewals } = outcome.tally;
    const [half, most, all] = [0.5, 0.99, 1].map((share) => outcome.tally.renewalMs(share));
    say(`${leaves} leaves, each after ${half} ms (p50), ${most} ms (p99), ${all} ms at most; ${failedRenewals} failed`);
    say(`${withoutLeaf} rounds in which a workload had no valid leaf`);
    say(`counts and plot: ${path.relative(repository, await writeReport(options, environment, outcome, results))}`);
    process.stdout.write(`${formatTotals(results)}\n`);
    return results.some(({ outcome: how }) => how === "failed") ? 1 : 0;
  } finally {
    await environment.stop();
  }
}

async function writeReport(
  { plan, brokenGuard }: Options,
  { anchors, holdings }: Environment,
  { tally, changes, begun: from, ended }: RunOutcome,
  results: readonly Result[],
): Promise<string> {
  const nameOf = (arn: string): string => anchors.find((anchor) => anchor.arn === arn)?.name ?? arn;
  const history = holdings.history.map(({ trustAnchorArn, ...holding }) => ({
    ...holding,
    anchor: nameOf(trustAnchorArn),
  }));
  const renewalMs = { p50: tally.renewalMs(0.5), p99: tally.renewalMs(0.99), most: tally.renewalMs(1) };
  const { verdicts, leaves, failedRenewals, withoutLeaf, stray, refusals, fromRetired, unanswered, buckets } = tally;
  const report = {
    date: new Date().toISOString(),
    plan,
    brokenGuard,
    totals: formatTotals(results),
    results,
    counts: { ...verdicts, leaves, renewalMs, failedRenewals, roundsWithoutLeaf: withoutLeaf, stray },
    refusals,
    fromRetired,
    unanswered,
    changes,
    history,
  };
  await writeFile(path.join(reports, `${plan.name}.json`), `${JSON.stringify(report, undefined, 2)}\n`);
  const drawing = { from, to: ended, changes, holdings: history, buckets };
  await writeFile(path.join(reports, `${plan.name}.svg`), drawPlot(drawing));
  return path.join(reports, `${plan.name}.json`);
}
