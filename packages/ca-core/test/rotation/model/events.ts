import { DONE, faulty, outcomeOf, quiet } from "./faults.ts";
import { isVisiblyBehind, mend, orderRecovery } from "./operator.ts";
import { pick, type Run } from "./run.ts";
import { DAY, HOUR, MINUTE } from "./world.ts";

/** One event of a schedule; its meaning depends on `what` and three numbers, and it is possible in every state. */
export interface Event {
  readonly what: EventName;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

type Handler = (run: Run, event: Event) => void;

export const EVENTS = {
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
    const wanted = pick(["SetPhases", "SealMark", "WriteAnchor", "DestroyKey", "StoreRemovalIntent"], b);
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
    const number = pick([...secrets.keys()], a);
    if (number !== undefined && run.world.kube.generations.has(number)) secrets.delete(number);
  },
  crash: (run, { a }) => run.publisher(a).crash(),
  pass: (run, { a, b }) => run.advance((pick([MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY], a) ?? 0) * (0.5 + b)),
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
    const leaf = pick(run.world.leaves, a);
    if (leaf !== undefined) leaf.revoked = true;
    EVENTS.refresh(run, { what: "refresh", a, b: 0, c: 0 });
  },
  refresh: (run, { a }) => {
    const { kube } = run.world;
    const [generation, number] = pick([...kube.crlNumbers], a) ?? [];
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
    const change = pick(changes, b);
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
    run.world.touch();
    run.world.disturb(anchor);
  },
  clock: (run, { a, b, c }) => {
    const { world } = run;
    const offset = pick([0, 0, 4 * MINUTE, -4 * MINUTE, DAY, -DAY], b) ?? 0;
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
    const operation = pick(
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
        { name, kind: "DisableTrustAnchor", anchor: run.anchor(b)?.name ?? "none" },
        { name, kind: "DisableTrustAnchor", anchor: run.anchor(b)?.name ?? "none" },
        { name, kind: "EnableTrustAnchor", anchor: run.anchor(b)?.name ?? "none" },
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

export function handle(run: Run, event: Event): void {
  const handler: Handler = EVENTS[event.what];
  handler(run, event);
}
