import type { RotationObservation } from "../../../src/rotation/observation.ts";
import type { RotationPlan } from "../../../src/rotation/plan-rotation.ts";
import { type RotationPolicy, rotationPolicy } from "../../../src/rotation/policy.ts";
import { checkState, checkWrite } from "./invariants.ts";
import type { Outcome } from "./aws-calls.ts";
import { type Decision, Publisher } from "./publisher.ts";
import { type Anchor, DAY, HOUR, MINUTE, SECOND, Violation, World, type WorldOptions } from "./world.ts";

/** One event of a schedule; its meaning depends on `what` and three numbers, and it is possible in every state. */
export interface Event {
  readonly what: EventName;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export interface Schedule {
  readonly options: WorldOptions;
  readonly events: readonly Event[];
}

export type Planner = (observation: RotationObservation) => RotationPlan;

/** A world with its publishers, in the middle of a schedule. */
class Run {
  readonly world: World;
  readonly publishers: readonly Publisher[];
  readonly held: (Decision | undefined)[] = [];
  /** What the operator was last told to be waited for. */
  lastPlan: Extract<RotationPlan, { next: "wait" }> | undefined;

  constructor(options: WorldOptions, plan: Planner) {
    this.world = new World(options);
    this.publishers = Array.from({ length: options.publishers }, () => new Publisher(this.world, plan));
  }

  /** `min` to `max`, by a number from 0 to 1. */
  static pick<T>(from: readonly T[], by: number): T | undefined {
    return from[Math.min(from.length - 1, Math.floor(by * from.length))];
  }

  publisher(by: number): Publisher {
    const found = Run.pick(this.publishers, by);
    if (found === undefined) throw new Violation("sense", "no publisher");
    return found;
  }

  anchor(by: number): Anchor | undefined {
    return Run.pick(this.world.anchors, by);
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
    const isForeseeable = world.now - write.sentAt <= 5 * MINUTE && this.publishers.length === 1;
    const emergency = world.activeGeneration()?.compromised === true;
    if (isForeseeable && !emergency) checkWrite(world, anchor, write.bundle);
    else world.disturb(anchor);
    world.change(anchor, { bundle: write.bundle });
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

/** How long nothing is done: until the next reading, or, when nobody is to do anything, until the first date. */
function waitMs(plan: Extract<RotationPlan, { next: "wait" }>, now: number, patience: number): number {
  const reasons = [plan.reason, ...plan.notes];
  const dates = reasons.flatMap(({ until }) => (until === undefined || until <= now ? [] : [until]));
  const isWatching = reasons.some(
    ({ code, until }) => code === "Soaking" || (until === undefined && code !== "GenerationInProgress"),
  );
  const until =
    patience < 0.5 || isWatching || dates.length === 0 ? (plan.lookAgainAt ?? now + 5 * MINUTE) : Math.min(...dates);
  return Math.max(SECOND, until - now);
}

const DONE: Outcome = { kind: "Done" };
const quiet = (): Outcome => DONE;

/** A fault in one of four steps, and of every kind. */
function faulty(seed: number): (step: number) => Outcome {
  let state = Math.floor(seed * 2 ** 31) | 1;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    const draw = state / 0x7fffffff;
    if (draw > 0.28) return DONE;
    return outcomeOf(draw / 0.28, (state % 97) / 97);
  };
}

function outcomeOf(a: number, b: number): Outcome {
  const kinds: readonly Outcome[] = [
    { kind: "Throttled" },
    { kind: "AnswerLost" },
    { kind: "Late", afterMs: b < 0.8 ? b * 6 * MINUTE : b * 2 * HOUR },
    { kind: "NoEffect" },
    { kind: "CrashBefore" },
    { kind: "CrashAfter" },
    { kind: "Stale", ageMs: b * 3 * MINUTE },
  ];
  return Run.pick(kinds, a) ?? DONE;
}

type Handler = (run: Run, event: Event) => void;

const EVENTS = {
  /** Steps without faults. */
  proceed: (run, { a, b, c }) => run.proceed(run.publisher(a), 2 + Math.floor(b * 9), quiet, c),
  /** Steps with faults. */
  stumble: (run, { a, b, c }) => run.proceed(run.publisher(a), 2 + Math.floor(b * 9), faulty(c), b),
  /** A publisher observes and decides, and then is paused. */
  decide: (run, { a }) => {
    const index = Math.min(run.publishers.length - 1, Math.floor(a * run.publishers.length));
    run.held[index] = run.publisher(a).decide();
  },
  /** It goes on with what it had decided. */
  goOn: (run, { a, b, c }) => {
    const index = Math.min(run.publishers.length - 1, Math.floor(a * run.publishers.length));
    const decision = run.held[index];
    run.held[index] = undefined;
    if (decision === undefined) return;
    const { plan } = decision;
    // A write to AWS that was decided so long ago, or past which another publisher has acted, can only be repaired.
    if (plan.next === "act" && plan.action.do === "WriteAnchor")
      run.world.disturb(run.world.anchor(plan.action.anchor));
    run.publisher(a).execute(decision, b < 0.5 ? DONE : outcomeOf(b * 2 - 1, c));
  },
  /** Steps without faults, until the next would be of this kind. */
  approach: (run, { a, b }) => {
    const wanted = Run.pick(["SetPhases", "SealMark", "WriteAnchor", "DestroyKey", "StoreRemovalIntent"], b);
    const publisher = run.publisher(a);
    for (let step = 0; step < 20; step += 1) {
      const decision = publisher.decide();
      if (decision.plan.next === "act" && decision.plan.action.do === wanted) return;
      run.carryOut(publisher, decision, DONE, 1);
    }
  },
  /** Somebody deletes a key Secret. */
  loseKey: (run, { a }) => {
    const { secrets } = run.world.kube;
    const number = Run.pick([...secrets.keys()], a);
    if (number !== undefined && run.world.kube.generations.has(number)) secrets.delete(number);
  },
  crash: (run, { a }) => run.publisher(a).crash(),
  pass: (run, { a, b }) => run.advance((Run.pick([MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY], a) ?? 0) * (0.5 + b)),
  issue: (run, { a, b, c }) => {
    const { world } = run;
    const { kube } = world;
    const active = world.activeGeneration();
    if (active === undefined || kube.freeze.byOperator || kube.freeze.byCompromise) return;
    const notAfter = Math.min(
      world.now + Math.max(10 * MINUTE, a * world.options.policy.maxLeafMs),
      active.root.notAfter - 5 * MINUTE,
    );
    if (notAfter < world.now + 10 * MINUTE) return;
    const { generation } = active.root;
    const mark = kube.marks.get(generation);
    const reserve = b < 0.5 ? 0 : HOUR;
    if (mark === undefined || mark.sealed) return;
    if (mark.notAfter < notAfter && !world.raiseMark(generation, Math.min(active.root.notAfter, notAfter + reserve)))
      return;
    world.pendingLeaf = { generation, notAfter };
    if (c < 0.7) EVENTS.release(run);
  },
  /** The live read before a leaf leaves the issuer. */
  release: (run) => {
    const { world } = run;
    const leaf = world.pendingLeaf;
    world.pendingLeaf = undefined;
    const { freeze } = world.kube;
    if (leaf === undefined || freeze.byOperator || freeze.byCompromise) return;
    if (world.activeGeneration()?.root.generation === leaf.generation) world.release({ ...leaf, anchor: undefined });
  },
  revoke: (run, { a }) => {
    const leaf = Run.pick(run.world.leaves, a);
    if (leaf !== undefined) leaf.revoked = true;
    EVENTS.refresh(run, { what: "refresh", a, b: 0, c: 0 });
  },
  refresh: (run, { a }) => {
    const { kube } = run.world;
    const [generation, number] = Run.pick([...kube.crlNumbers], a) ?? [];
    if (generation !== undefined && number !== undefined) kube.crlNumbers.set(generation, number + 1n);
  },
  acknowledge: (run) => {
    const { kube } = run.world;
    kube.freeze = { ...kube.freeze, acknowledged: kube.freeze.byOperator || kube.freeze.byCompromise };
  },
  /** Somebody else writes an anchor. */
  stranger: (run, { a, b, c }) => {
    const { world } = run;
    const anchor = run.anchor(a);
    if (anchor === undefined || !anchor.state.exists) return;
    const { bundle, crls } = anchor.state;
    const unknown = world.id("stranger");
    world.disturb(anchor);
    const old = anchor.history[0]?.state.bundle ?? [];
    const changes = [
      { bundle: [...bundle, unknown] },
      { bundle: [unknown] },
      { bundle: bundle.filter((_, index) => index !== Math.floor(c * bundle.length)) },
      { bundle: old },
      { crls: crls.filter((_, index) => index !== Math.floor(c * crls.length)) },
      { crls: crls.map((crl) => ({ ...crl, enabled: false })) },
      { crls: [...crls, { id: unknown, generation: undefined, enabled: true, number: 1n }] },
      { enabled: false },
      { exists: false, bundle: [], crls: [] },
    ];
    const change = Run.pick(changes, b);
    if (change !== undefined) world.change(anchor, change);
  },
  /** AWS returns the certificates in another order. */
  reorder: (run, { a }) => {
    const anchor = run.anchor(a);
    if (anchor !== undefined) run.world.change(anchor, { bundle: anchor.state.bundle.toReversed() });
  },
  /** An operator takes away what strangers left, and does by hand what Capstan asks for. */
  mend: (run, { a }) => {
    const anchor = run.anchor(a);
    if (anchor !== undefined) mend(run, anchor);
  },
  canary: (run, { a, b }) => {
    const anchor = run.anchor(a);
    if (anchor !== undefined) anchor.canaryWorks = b < 0.7;
  },
  ignore: (run, { a, b }) => {
    const anchor = run.anchor(a);
    // What an ignored anchor misses is its owner's wish.
    if (anchor === undefined) return;
    anchor.ignore = b < 0.4;
    run.world.disturb(anchor);
  },
  clock: (run, { a, b, c }) => {
    const { world } = run;
    const offset = Run.pick([0, 0, 4 * MINUTE, -4 * MINUTE, DAY, -DAY], b) ?? 0;
    const publisher = run.publisher(c);
    if (a < 0.4) publisher.clockOffset = offset;
    else if (a < 0.6) world.apiOffset = offset;
    else if (a < 0.7) {
      // One time service misleads all of them.
      world.apiOffset = offset;
      for (const one of run.publishers) one.clockOffset = offset;
    } else if (a < 0.85) publisher.frozenAt = publisher.own;
    else publisher.frozenAt = undefined;
  },
  awsDown: (run, { a }) => {
    run.world.awsDown = a < 0.5;
  },
  order: (run, { a, b }) => {
    const { kube } = run.world;
    const name = run.world.id("operation");
    const numbers = [...kube.generations.keys()];
    const active = run.world.activeGeneration()?.root.generation;
    const some =
      b < 0.5 && active !== undefined ? [active] : numbers.filter((number) => Math.floor(b * 8) % (number + 1) === 0);
    const operation = Run.pick(
      [
        { name, kind: "Freeze" },
        { name, kind: "Unfreeze" },
        { name, kind: "Unfreeze" },
        { name, kind: "Rotate" },
        { name, kind: "Rotate" },
        { name, kind: "Rotate" },
        { name, kind: "Rotate" },
        { name, kind: "Abandon" },
        { name, kind: "Abandon" },
        { name, kind: "Abandon" },
        { name, kind: "Release", aws: "Keep" },
        { name, kind: "Compromised", generations: some },
        { name, kind: "Recover", accepted: [], startedAt: undefined },
      ] as const,
      a,
    );
    if (operation !== undefined && kube.operations.length < 6) kube.operations.push(operation);
  },
  backup: (run) => run.world.backup(),
  restore: (run, { a, b }) => {
    const { world } = run;
    if (world.restored || !world.restore(Math.floor(a * 3))) return;
    // What AWS holds tells that the state is old; else somebody has to say so at once.
    if (b < 0.5 || !isVisiblyBehind(run)) orderRecovery(run);
  },
  recover: (run) => {
    if (run.world.restored) orderRecovery(run);
  },
} as const satisfies Record<string, Handler>;

export type EventName = keyof typeof EVENTS;

function isVisiblyBehind({ world: { anchors, kube } }: Run): boolean {
  return anchors.some(({ ignore, state }) =>
    state.crls.some(({ generation, number }) => {
      const ours = generation === undefined ? undefined : kube.generations.get(generation);
      return !ignore && ours !== undefined && number > (kube.crlNumbers.get(ours.root.generation) ?? 0n);
    }),
  );
}

/** The operator accepts every root that our state does not know. */
function orderRecovery({ world }: Run): void {
  const { kube, options } = world;
  const known = new Set([...kube.generations.values()].map(({ root }) => root.fingerprint));
  for (const root of kube.secrets.values()) known.add(root.fingerprint);
  for (const { fingerprint } of [...options.foreign, ...kube.accepted]) known.add(fingerprint);
  const accepted = [...new Set(world.anchors.flatMap(({ state }) => state.bundle))].filter((one) => !known.has(one));
  kube.operations.push({ name: world.id("operation"), kind: "Recover", accepted, startedAt: undefined });
}

const IN_USE: ReadonlySet<string> = new Set(["Pending", "Published", "Active", "Draining"]);

function mend(run: Run, anchor: Anchor): void {
  const { world } = run;
  const { kube } = world;
  // Who does not know what was lost with a restore leaves everything as it is.
  if ((!anchor.state.exists && anchor.create) || world.restored) return;
  const wanted = [...kube.generations.values()].filter(({ phase }) => phase !== "Abandoned" && phase !== "Destroyed");
  const ours = new Set(wanted.map(({ root }) => root.fingerprint));
  for (const { fingerprint } of [...world.options.foreign, ...kube.accepted]) ours.add(fingerprint);
  let bundle = anchor.state.bundle.filter((one) => ours.has(one));
  if (bundle.length === 0) {
    const signing = world.activeGeneration() ?? wanted[0];
    bundle = signing === undefined ? [...anchor.state.bundle] : [signing.root.fingerprint];
  }
  const crls = anchor.state.crls.filter(({ generation }) => generation !== undefined);
  world.change(anchor, { exists: true, enabled: true, bundle, crls });
  if (anchor.manage) return;
  const drained = world.options.foreign.filter(({ drainUntil }) => world.now > drainUntil + HOUR);
  const rest = anchor.state.bundle.filter((one) => !drained.some(({ fingerprint }) => fingerprint === one));
  if (rest.length > 0) world.change(anchor, { bundle: rest });
  // What Capstan may not write, its owner writes as the status says.
  const { lastPlan } = run;
  if (lastPlan === undefined) return;
  for (const { code, anchor: name, generation } of [lastPlan.reason, ...lastPlan.notes]) {
    if (name !== anchor.name) continue;
    const stored = kube.generations.get(generation ?? 0);
    if (stored === undefined) continue;
    const { fingerprint } = stored.root;
    const rest = anchor.state.bundle.filter((one) => one !== fingerprint);
    // People act on what they were told, perhaps long ago.
    if (code === "AddRootByHand" && (stored.compromised || !IN_USE.has(stored.phase))) world.disturb(anchor);
    if (code === "AddRootByHand") world.change(anchor, { bundle: [...rest, fingerprint] });
    if (code === "RemoveRootByHand" && rest.length > 0) {
      checkWrite(world, anchor, rest);
      world.change(anchor, { bundle: rest });
    }
    if (code === "RemoveCrlByHand")
      world.change(anchor, { crls: anchor.state.crls.filter((crl) => crl.generation !== generation) });
  }
  const imported = wanted
    .filter(({ root }) => anchor.state.bundle.includes(root.fingerprint))
    .map(({ root }) => ({
      id: `crl-${root.generation}`,
      generation: root.generation,
      enabled: true,
      number: kube.crlNumbers.get(root.generation) ?? 1n,
    }));
  for (const { generation } of imported) if (!kube.crlNumbers.has(generation)) kube.crlNumbers.set(generation, 1n);
  const kept = anchor.state.crls.filter((crl) => !imported.some(({ generation }) => generation === crl.generation));
  world.change(anchor, { crls: [...kept, ...imported] });
}

function handle(run: Run, event: Event): void {
  const handler: Handler = EVENTS[event.what];
  handler(run, event);
}

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
  const anchors = Array.from({ length: Run.pick([0, 1, 1, 1, 2, 2, 3], random()) ?? 1 }, (_, index) => ({
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
