import { planRotation, type RotationAction, type RotationObservation, type WaitReason } from "@capstan/ca-core";
import { at, carriedOut, type World, worldOf } from "./perfect-world.ts";

/** One step that is to come. */
export interface ForecastStep {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly action: RotationAction;
  /** What it had to wait for; undefined when it comes right after the step before. */
  readonly waitedFor: WaitReason | undefined;
}

export interface Forecast {
  readonly steps: readonly ForecastStep[];
  /** What it cannot get over by itself; undefined when everything comes to its end. */
  readonly waitsFor: WaitReason | undefined;
}

// AWS takes one call a second of a trust anchor.
const stepMs = 1000;
const mostSteps = 20_000;
const tooLong: WaitReason = {
  code: "GenerationInProgress",
  message: `the plan is not shown beyond ${mostSteps} steps`,
};
/** Not part of this rotation: the next one, and the end of an authority. */
const another: ReadonlySet<string> = new Set(["RotationNotDue", "PausedAfterAbandon", "MarksNotPassed"]);

/**
 * The steps of the rotation planner from here on until what was ordered has come to its end and no old key is left, in a world
 * where every call answers and nobody orders anything else.
 *
 * @param rootMs lifetime of a new root, in milliseconds
 *
 * @example
 * forecastRotation(observeAuthority({ authority, marks, now }, { name: "plan", kind: "Rotate" }), 365 * 86_400_000);
 */
export function forecastRotation(observation: RotationObservation, rootMs: number): Forecast {
  const steps: ForecastStep[] = [];
  let world = worldOf(observation, rootMs);
  let waitedFor: WaitReason | undefined;
  for (let count = 0; count < mostSteps && !isSettled(world); count += 1) {
    const plan = planRotation(world.observation);
    const now = world.observation.time.own;
    if (plan.next === "act") {
      steps.push({ at: now, action: plan.action, waitedFor });
      waitedFor = undefined;
      world = at(carriedOut(world, plan.action), now + stepMs);
      continue;
    }
    const reasons = [plan.reason, ...plan.notes].filter(({ code }) => !another.has(code));
    const [next] = reasons
      .filter(({ until }) => until !== undefined && until > now)
      .toSorted((left, right) => (left.until ?? 0) - (right.until ?? 0));
    const soaking = reasons.find(({ code }) => code === "Soaking");
    const until = soaking === undefined ? next?.until : plan.lookAgainAt;
    if (until === undefined) return { steps, waitsFor: reasons[0] ?? plan.reason };
    waitedFor = soaking ?? next;
    world = at(world, until);
  }
  return { steps, waitsFor: isSettled(world) ? undefined : tooLong };
}

const ended: ReadonlySet<string> = new Set(["Active", "Destroyed", "Abandoned"]);

function isSettled({ observation: { operations, generations } }: World): boolean {
  return operations.length === 0 && generations.every(({ phase }) => ended.has(phase));
}
