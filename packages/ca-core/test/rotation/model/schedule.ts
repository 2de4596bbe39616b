import { type RotationPolicy, rotationPolicy } from "../../../src/rotation/policy.ts";
import type { Event, EventName } from "./events.ts";
import { pick } from "./run.ts";
import { DAY, HOUR, type WorldOptions } from "./world.ts";

export interface Schedule {
  readonly options: WorldOptions;
  readonly events: readonly Event[];
}

/** How often each event comes, relative to the others. */
const WEIGHTS: Readonly<Record<EventName, number>> = {
  proceed: 40,
  stumble: 14,
  decide: 5,
  goOn: 6,
  approach: 5,
  loseKey: 0.3,
  crash: 2,
  pass: 8,
  issue: 20,
  release: 4,
  revoke: 2,
  refresh: 3,
  acknowledge: 3,
  stranger: 4,
  reorder: 1,
  mend: 8,
  canary: 1,
  ignore: 1,
  clock: 4,
  awsDown: 2,
  order: 6,
  backup: 1,
  restore: 1,
  recover: 3,
};

/** Events that a publisher of its own without faults would never see. */
const RARE: ReadonlySet<EventName> = new Set([
  "stranger",
  "restore",
  "loseKey",
  "clock",
  "awsDown",
  "ignore",
  "canary",
]);

const POLICY: RotationPolicy = {
  ...rotationPolicy(DAY),
  leadMs: 5 * DAY,
  retentionMs: 2 * DAY,
  publishDeadlineMs: 12 * HOUR,
};

/** A schedule from a seed: the same seed gives the same schedule. */
export function scheduleOf(seed: number): Schedule {
  const random = mulberry32(seed);
  const isCalm = random() < 0.4;
  const anchors = Array.from({ length: pick([0, 1, 1, 1, 2, 2, 3], random()) ?? 1 }, (_, index) => ({
    name: `anchor${index}`,
    manage: random() < 0.85,
    create: false,
    hasCanary: random() < 0.5,
    usesOwnLeaf: random() < 0.7,
  })).map((anchor) => ({ ...anchor, create: anchor.manage && random() < 0.6 }));
  const foreign = random() < 0.15 ? [{ fingerprint: "private-ca", drainUntil: Date.UTC(2027, 0, 3) }] : [];
  const weights = Object.entries(WEIGHTS).map(
    ([what, weight]) => [what as EventName, isCalm && RARE.has(what as EventName) ? weight / 10 : weight] as const,
  );
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  const length = 12 + Math.floor(random() * 36);
  const events: Event[] = [];
  // The first generation, so that schedules are about rotations.
  for (let index = 0; index < 3; index += 1) events.push({ what: "proceed", a: 0, b: 0.9, c: random() });
  for (let index = 0; index < length; index += 1) {
    let draw = random() * total;
    const [what] = weights.find(([, weight]) => (draw -= weight) < 0) ?? ["proceed" as const];
    events.push({ what, a: random(), b: random(), c: random() });
  }
  return {
    options: { policy: POLICY, rootMs: 12 * DAY, anchors, foreign, publishers: random() < 0.5 ? 1 : 2 },
    events,
  };
}

/** A small generator of numbers from 0 to 1 with 32 bits of state. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
