import { type Aws, connectAws } from "../aws/connect-aws.ts";
import { PluginError } from "../exit-code.ts";
import type { PluginContext } from "../invocation.ts";
import { printable } from "../output/printable.ts";
import { sleep } from "@capstan/kube";
import { carryOut } from "./carry-out.ts";
import type { Plan } from "./plan.ts";
import { planDeletion, readRemains } from "./plan-deletion.ts";
import { planSetup } from "./plan-setup.ts";
import { type FoundSetup, readSetup } from "./read-setup.ts";
import type { Setup } from "./setup.ts";
import { describeDone, formatPlan } from "./show-plan.ts";

interface Job {
  readonly setup: Setup;
  readonly aws: Aws;
  readonly plan: Plan;
  readonly anchorArn: string | undefined;
}

/** Whether a plan may be carried out. */
export type Asks = (question: string) => Promise<boolean>;

/** What was found in the end, of each trust anchor of the caller's account; undefined after a dry run or a no. */
export type Applied = readonly { readonly setup: Setup; readonly found: FoundSetup }[] | undefined;

/**
 * Brings AWS to what the setups say: reads everything, shows the plan, asks, does it and reads back.
 *
 * @throws {PluginError} with all conflicts before anything is written
 */
export function applySetups(
  setups: readonly Setup[],
  options: { readonly context: PluginContext; readonly isDryRun: boolean; readonly asks: Asks },
): Promise<Applied> {
  const { context, isDryRun, asks } = options;
  return withOwnAccount(setups, context, async (own) => {
    const jobs: (Job & { readonly found: FoundSetup })[] = [];
    for (const { setup, aws } of own) {
      const found = await readSetup(aws, setup);
      jobs.push({
        setup,
        aws,
        found,
        plan: planSetup(setup, found),
        anchorArn: found.anchors[0]?.arn,
      });
    }
    const isDone = await carryOutJobs(jobs, { context, isDryRun, asks, question: "Apply this?" });
    if (!isDone) return undefined;
    const applied: { readonly setup: Setup; readonly found: FoundSetup }[] = [];
    for (const job of jobs) {
      const isUnchanged = job.plan.entries.every(({ actions }) => actions.length === 0);
      applied.push({
        setup: job.setup,
        found: isUnchanged ? job.found : await readBack(job, context),
      });
    }
    return applied;
  });
}

/** Deletes what was made for the setups. @returns whether it was done */
export function deleteSetups(
  setups: readonly Setup[],
  options: { readonly context: PluginContext; readonly isDryRun: boolean; readonly asks: Asks },
): Promise<boolean> {
  const { context, isDryRun, asks } = options;
  return withOwnAccount(setups, context, async (own) => {
    const jobs: Job[] = [];
    for (const { setup, aws } of own) {
      const remains = await readRemains(aws, setup);
      jobs.push({
        setup,
        aws,
        plan: planDeletion(setup, remains),
        anchorArn: remains.anchors[0]?.arn,
      });
    }
    const question = "From then on AWS takes no leaf under a deleted trust anchor or for a deleted role. Delete this?";
    return carryOutJobs(jobs, { context, isDryRun, asks, question });
  });
}

/** IAM and Roles Anywhere may show a write only some seconds after they have answered it. */
const readBackWaitsMs = [0, 2_000, 4_000, 8_000, 16_000];

async function readBack({ aws, setup }: Job, { clock }: PluginContext): Promise<FoundSetup> {
  let left: Plan | undefined;
  for (const waitMs of readBackWaitsMs) {
    if (waitMs > 0) await sleep(clock, waitMs, new AbortController().signal);
    const found = await readSetup(aws, setup);
    left = planSetup(setup, found);
    if (left.conflicts.length === 0 && left.entries.every(({ actions }) => actions.length === 0)) return found;
  }
  const subjects = left?.entries.filter(({ actions }) => actions.length > 0).map(({ subject }) => subject) ?? [];
  throw new PluginError(
    `AWS has answered every write, and still does not show ${[...subjects, ...(left?.conflicts ?? [])].join("; ")}: run the command again in a minute`,
  );
}

async function carryOutJobs(
  jobs: readonly Job[],
  options: {
    readonly context: PluginContext;
    readonly isDryRun: boolean;
    readonly asks: Asks;
    readonly question: string;
  },
): Promise<boolean> {
  const { context, isDryRun, asks, question } = options;
  const { err } = context.terminal;
  for (const { setup, plan } of jobs) err(formatPlan(setup, plan));
  const conflicts = jobs.flatMap(({ plan }) => plan.conflicts).length;
  if (conflicts > 0) {
    throw new PluginError(
      `nothing was changed: ${conflicts === 1 ? "a conflict has" : `${conflicts} conflicts have`} to be resolved first`,
    );
  }
  const actionsOf = ({ plan }: Job) => plan.entries.flatMap(({ actions }) => actions);
  const total = jobs.flatMap(actionsOf).length;
  if (total === 0) {
    err("Nothing is to be changed.\n");
    return !isDryRun;
  }
  if (isDryRun) {
    err(`Nothing was changed: ${total === 1 ? "one write" : `${total} writes`} would be made.\n`);
    return false;
  }
  if (!(await asks(question))) {
    err("Nothing was changed.\n");
    return false;
  }
  let done = 0;
  for (const job of jobs) {
    await carryOut(job.aws, {
      setup: job.setup,
      anchorArn: job.anchorArn,
      actions: actionsOf(job),
      done: (action) => {
        done += 1;
        err(`[${done}/${total}] ${printable(describeDone(action))}\n`);
      },
    });
  }
  return true;
}

/** Credentials are of one account: what is in another is left out, and said. */
async function withOwnAccount<T>(
  setups: readonly Setup[],
  context: PluginContext,
  work: (own: readonly { readonly setup: Setup; readonly aws: Aws }[]) => Promise<T>,
): Promise<T> {
  const { err } = context.terminal;
  const connections = new Map<string, Aws>();
  try {
    const connected: { readonly setup: Setup; readonly aws: Aws }[] = [];
    for (const setup of setups) {
      const aws = connections.get(setup.region) ?? (await connectAws(setup.region, context));
      connections.set(setup.region, aws);
      connected.push({ setup, aws });
    }
    const [first] = connected;
    if (first === undefined) throw new PluginError("no trust anchor is left: every one has ignore: true");
    const caller = await first.aws.caller();
    err(`Calling AWS as ${printable(caller.arn)}.\n`);
    const own = connected.filter(({ setup }) => setup.account === caller.account);
    const others = connected.filter(({ setup }) => setup.account !== caller.account);
    const left = others.map(({ setup }) => `${setup.anchor} (account ${setup.account})`).join(", ");
    if (own.length === 0) {
      throw new PluginError(
        `your AWS credentials are of account ${caller.account}, the trust anchors are elsewhere: ${left}. Use credentials of that account`,
      );
    }
    if (others.length > 0)
      err(`Left out, being of other accounts: ${left}. Run this again with credentials of each.\n`);
    return await work(own);
  } finally {
    for (const aws of connections.values()) aws.close();
  }
}
