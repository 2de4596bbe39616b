import type { RotationAction } from "./action.ts";
import { ROTATION_GUARDS, type RotationGuards } from "./guards.ts";
import type { RotationObservation } from "./observation.ts";
import type { WaitReason } from "./reason.ts";
import { ROTATION_STEPS } from "./rotation-steps.ts";
import { standingReasons } from "./standing-reasons.ts";
import { viewOf } from "./view.ts";

export type RotationPlan =
  | {
      readonly next: "act";
      readonly action: RotationAction;
      /** What holds up other steps meanwhile. */
      readonly notes: readonly WaitReason[];
    }
  | {
      readonly next: "wait";
      readonly reason: WaitReason;
      readonly notes: readonly WaitReason[];
      /** When to look again, though nothing was heard until then; absent when only a change can help. */
      readonly lookAgainAt?: number;
    };

/**
 * Decides the one next step of a CertificateAuthority, or says why nothing is to be done now. Pure: the same observation
 * gives the same plan. It is asked again after every step and after every change; nothing is remembered in between, so
 * a crash, a second publisher or a lost answer leads to the same steps.
 *
 * @example
 * const plan = planRotation(observation);
 * if (plan.next === "act") await carryOut(plan.action);
 * else status.message = plan.reason.message;
 */
export function planRotation(observation: RotationObservation): RotationPlan {
  return plannerWith(ROTATION_GUARDS)(observation);
}

/** The planner with other guards: for tests that show what each of them is for. */
export function plannerWith(guards: RotationGuards): (observation: RotationObservation) => RotationPlan {
  return (observation) => {
    const view = viewOf(observation, guards);
    const reasons = new Map<string, WaitReason>();
    for (const reason of standingReasons(view)) note(reasons, reason);
    for (const { propose } of ROTATION_STEPS) {
      for (const { action, unless } of propose(view)) {
        // One reason at a time: that a root is still held is nothing to tell before it has drained.
        const blocking = unless.find((reason) => reason !== undefined);
        if (blocking === undefined) return { next: "act", action, notes: [...reasons.values()] };
        note(reasons, blocking);
      }
    }
    const [reason = NOTHING_TO_DO, ...notes] = reasons.values();
    const { own } = observation.time;
    const now = Math.min(own, view.atLeast);
    const dates = [
      ...[...reasons.values()].map(({ until }) => until),
      ...view.anchors.map(({ reading }) => reading && reading.readAt + observation.policy.readEveryMs),
    ].flatMap((at) => (at === undefined || at <= now ? [] : [at]));
    const wait = { next: "wait", reason, notes } as const;
    return dates.length === 0 ? wait : { ...wait, lookAgainAt: Math.min(...dates) };
  };
}

/** For the compiler: the step that makes the next generation always says why it does not. */
const NOTHING_TO_DO: WaitReason = { code: "RotationNotDue", message: "There is nothing to do" };

function note(reasons: Map<string, WaitReason>, reason: WaitReason): void {
  const key = `${reason.code} ${reason.anchor ?? ""} ${reason.generation ?? ""}`;
  if (!reasons.has(key)) reasons.set(key, reason);
}
