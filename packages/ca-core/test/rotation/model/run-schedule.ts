import { EVENTS, handle } from "./events.ts";
import { quiet } from "./faults.ts";
import { checkState } from "./invariants.ts";
import { mend, orderRecovery } from "./operator.ts";
import { type Planner, Run } from "./run.ts";
import { type Schedule, scheduleOf } from "./schedule.ts";
import { DAY, Violation } from "./world.ts";

/** Runs a schedule; throws a Violation. */
export function runSchedule({ options, events }: Schedule, plan: Planner): void {
  const run = new Run(options, plan);
  for (const event of events) {
    handle(run, event);
    checkState(run.world);
  }
}

/**
 * Runs a schedule, then ends every fault, orders a rotation and waits: the rotation ends, within so many steps, with
 * every older generation destroyed.
 */
export function runToTheEnd({ options, events }: Schedule, plan: Planner, maxSteps: number): number {
  const run = new Run(options, plan);
  for (const event of events) handle(run, event);
  const { world } = run;
  const [publisher] = run.publishers;
  if (publisher === undefined) throw new Violation("sense", "no publisher");
  world.apiOffset = 0;
  world.awsDown = false;
  publisher.clockOffset = 0;
  publisher.frozenAt = undefined;
  run.advance(2 * DAY);
  if (world.restored) orderRecovery(run);
  for (const anchor of world.anchors) anchor.canaryWorks = true;
  for (const { name: anchor } of world.anchors) {
    world.kube.operations.push({ name: world.id("operation"), kind: "EnableTrustAnchor", anchor });
  }
  let ordered: number | undefined;
  for (let step = 0; step < maxSteps; step += 1) {
    EVENTS.acknowledge(run);
    for (const anchor of world.anchors) mend(run, anchor);
    const isQuiet =
      world.kube.operations.length === 0 &&
      [...world.kube.generations.values()].every(
        ({ phase, root }) =>
          phase === "Active" ||
          phase === "Destroyed" ||
          (phase === "Abandoned" && !world.kube.secrets.has(root.generation)),
      );
    const active = world.activeGeneration()?.root.generation;
    if (isQuiet && active !== undefined) {
      if (ordered === undefined) {
        ordered = active;
        world.kube.operations.push({ name: "the last", kind: "Rotate" });
      } else if (active > ordered) {
        return step;
      }
    }
    run.proceed(publisher, 1, quiet, 1);
  }
  throw new Violation("every rotation ends", describe(run));
}

function describe({ world, lastPlan }: Run): string {
  const generations = [...world.kube.generations.values()].map(({ root, phase }) => `${root.generation} is ${phase}`);
  const waits = lastPlan === undefined ? [] : [lastPlan.reason, ...lastPlan.notes].map(({ message }) => message);
  return `${generations.join(", ")}; ${waits.join("; ")}`;
}

/** Leaves out events as long as the same rule is still broken. */
export function shrink(schedule: Schedule, isBroken: (smaller: Schedule) => boolean): Schedule {
  let { events } = schedule;
  for (let size = Math.ceil(events.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < events.length;) {
      const smaller = [...events.slice(0, start), ...events.slice(start + size)];
      if (isBroken({ ...schedule, events: smaller })) events = smaller;
      else start += size;
    }
  }
  return { ...schedule, events };
}

/** What a broken rule looks like to a person: the seed, the rule, and the shortest schedule that still breaks it. */
export function report(
  seed: number,
  plan: Planner,
  run: (schedule: Schedule, plan: Planner) => void,
): string | undefined {
  const schedule = scheduleOf(seed);
  const fault = violationOf(() => run(schedule, plan));
  if (fault === undefined) return undefined;
  const smallest = shrink(schedule, (smaller) => violationOf(() => run(smaller, plan))?.rule === fault.rule);
  const { publishers, anchors, foreign } = smallest.options;
  return [
    `seed ${seed}: ${violationOf(() => run(smallest, plan))?.message}`,
    `world: ${JSON.stringify({ publishers, anchors, foreign })}`,
    ...smallest.events.map(({ what, a, b, c }) => `  ${what} ${a.toFixed(4)} ${b.toFixed(4)} ${c.toFixed(4)}`),
  ].join("\n");
}

function violationOf(run: () => void): Violation | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof Violation) return error;
    throw error;
  }
}
