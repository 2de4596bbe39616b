import type { RotationObservation } from "../../../src/rotation/observation.ts";
import type { RotationPlan } from "../../../src/rotation/plan-rotation.ts";
import type { Outcome } from "./aws-calls.ts";
import { checkState, checkWrite } from "./invariants.ts";
import { type Decision, Publisher } from "./publisher.ts";
import { type Anchor, HOUR, MINUTE, SECOND, Violation, World, type WorldOptions } from "./world.ts";

export type Planner = (observation: RotationObservation) => RotationPlan;

/** A world with its publishers, in the middle of a schedule. */
export class Run {
  readonly world: World;
  readonly publishers: readonly Publisher[];
  readonly held: (Decision | undefined)[] = [];
  /** What the operator was last told to be waited for. */
  lastPlan: Extract<RotationPlan, { next: "wait" }> | undefined;

  constructor(options: WorldOptions, plan: Planner) {
    this.world = new World(options);
    this.publishers = Array.from({ length: options.publishers }, () => new Publisher(this.world, plan));
  }

  publisher(by: number): Publisher {
    const found = pick(this.publishers, by);
    if (found === undefined) throw new Violation("sense", "no publisher");
    return found;
  }

  anchor(by: number): Anchor | undefined {
    return pick(this.world.anchors, by);
  }

  advance(ms: number): void {
    const { world } = this;
    world.now += Math.max(0, Math.round(ms));
    for (const write of world.late.filter(({ landsAt }) => landsAt <= world.now)) this.land(write);
    world.leaves = world.leaves.filter(({ notAfter }) => notAfter + HOUR > world.now);
  }

  private land(write: World["late"][number]): void {
    const { world } = this;
    world.late = world.late.filter((one) => one !== write);
    const anchor = world.anchor(write.anchor);
    if (!anchor.state.exists) return;
    // What comes to effect long after it was sent, or after another publisher has acted, can only be repaired.
    // Our own leaves are had anew from any generation that is held.
    const isForeseeable = world.now - write.sentAt <= 5 * MINUTE && this.publishers.length === 1;
    const emergency = world.activeGeneration()?.compromised === true;
    if (isForeseeable && !emergency) checkWrite(world, anchor, write.bundle, false);
    else world.disturb(anchor);
    world.change(anchor, { bundle: write.bundle });
    for (const leaf of world.leaves) {
      if (leaf.anchor === anchor.name && !write.bundle.includes(leaf.fingerprint)) leaf.revoked = true;
    }
  }

  /** Decides and carries out, some times in a row; when there is only waiting, time passes. */
  proceed(publisher: Publisher, steps: number, fault: (step: number) => Outcome, patience: number): void {
    for (let step = 0; step < steps; step += 1) this.carryOut(publisher, publisher.decide(), fault(step), patience);
  }

  carryOut(publisher: Publisher, decision: Decision, outcome: Outcome, patience: number): void {
    const { plan } = decision;
    if (plan.next === "act") {
      publisher.execute(decision, outcome);
      this.advance(2 * SECOND);
    } else {
      this.lastPlan = plan;
      this.advance(waitMs(plan, publisher.own, patience));
    }
    checkState(this.world);
  }
}

/** What somebody else has to end, and perhaps never does. */
const STANDING: ReadonlySet<string> = new Set(["GenerationInProgress", "KeyMissing"]);

/** How long nothing is done: until the next reading, or, when nobody is to do anything, until the first date. */
function waitMs(plan: Extract<RotationPlan, { next: "wait" }>, now: number, patience: number): number {
  const reasons = [plan.reason, ...plan.notes];
  const dates = reasons.flatMap(({ until }) => (until === undefined || until <= now ? [] : [until]));
  const isWatching = reasons.some(
    ({ code, until }) => code === "Soaking" || (until === undefined && !STANDING.has(code)),
  );
  const until =
    patience < 0.5 || isWatching || dates.length === 0 ? (plan.lookAgainAt ?? now + 5 * MINUTE) : Math.min(...dates);
  return Math.max(SECOND, until - now);
}

/** One of several, by a number from 0 to 1. */
export function pick<T>(from: readonly T[], by: number): T | undefined {
  return from[Math.min(from.length - 1, Math.floor(by * from.length))];
}
