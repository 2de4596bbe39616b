// `pnpm soak`: roots change under workloads that renew their leaves and get AWS sessions all the time; not one session may be
// refused to a valid leaf.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { formatTotals, runMain, say, withStop } from "@capstan/test-cluster/long-run";
import { type Environment, startEnvironment } from "./environment.ts";
import { judge } from "./judge.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { reports, repository } from "./places.ts";
import { drawPlot } from "./plot.ts";
import type { Result } from "./result.ts";
import { runSoak, type RunOutcome } from "./run.ts";

await runMain({ usage, readOptions, run });

async function run(options: Options): Promise<readonly Result[]> {
  const { plan, brokenGuard } = options;
  say(`${plan.rotations} rotations under ${plan.workloads} workloads, ${plan.factor} times as fast as real time`);
  return withStop(await startEnvironment(plan, brokenGuard, say), async (environment) => {
    const outcome = await runSoak(environment, plan, say);
    const results = judge({ plan, ...outcome, holdings: environment.holdings });
    for (const { outcome: how, name, note } of results) say(`${how}: ${name} (${note})`);
    const { leaves, withoutLeaf, failedRenewals } = outcome.tally;
    const [half, most, all] = [0.5, 0.99, 1].map((share) => outcome.tally.renewalMs(share));
    say(`${leaves} leaves, each after ${half} ms (p50), ${most} ms (p99), ${all} ms at most; ${failedRenewals} failed`);
    say(`${withoutLeaf} rounds in which a workload had no valid leaf`);
    say(`counts and plot: ${path.relative(repository, await writeReport(options, environment, outcome, results))}`);
    return results;
  });
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
