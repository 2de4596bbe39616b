import { certificateAuthorityResource } from "@capstan/api";
import { planRotation, type RotationObservation, type RotationPlan } from "@capstan/ca-core";
import type { ReconcileResult, Reconciler } from "@capstan/kube";
import type { SeenMark } from "../metrics/publisher-metrics.ts";
import { admitOperations } from "../operations/admit-operations.ts";
import { refuseOperations, reportOperations } from "../operations/report-operations.ts";
import { carryOut } from "../rotation/carry-out.ts";
import type { AnchorMemory } from "../anchors/anchor-memory.ts";
import { putSettingsBack } from "../anchors/put-settings-back.ts";
import { noteGeneralLeaves } from "../rotation/general-leaves.ts";
import { observe } from "../rotation/observe.ts";
import type { RotationOptions } from "../rotation/rotation-options.ts";
import { rotationPolicyOf } from "../rotation/rotation-policy-of.ts";
import type { Seen } from "../rotation/seen.ts";
import { besideOthers, mostUnderWay, untilEnded } from "../rotation/side-by-side.ts";
import { proveCrls, untilNextProofMs } from "../rotation/prove-crls.ts";
import { tellReadings } from "../rotation/tell-readings.ts";
import { generationOfCrl, type Known, toObservation } from "../rotation/to-observation.ts";
import { storeBundle, trustedRoots } from "../server/store-bundle.ts";
import { reasonsOf } from "./authority-conditions.ts";
import { authorityStatus } from "./authority-status.ts";
import { lacksFinalizer, withFinalizer } from "./finalizer.ts";
import { writeStatus } from "./write-status.ts";

/** CRLs are refreshed, and clocks compared, though nothing is due. */
const longestPauseMs = 600_000;
const shortestPauseMs = 1_000;
/** Far more than any rotation of sixteen anchors takes at once: a plan that does not get on is a fault of ours, and must not spin. */
const mostSteps = 400;
const afterSpinningMs = 60_000;

export interface AuthorityReconcilerOptions extends RotationOptions {
  /** Default is `planRotation`. */
  readonly plan?: typeof planRotation;
}

/**
 * Carries an authority's rotation on: observes, asks the planner for the next step and takes it, until there is something
 * to wait for. Nothing is remembered between two looks but what this process has read of AWS since it leads.
 */
export function authorityReconciler(options: AuthorityReconcilerOptions): Reconciler {
  return async (key, signal) => {
    const work = new Pass(options, key, signal);
    return work.run();
  };
}

function marksOf({ generations }: Seen): readonly SeenMark[] {
  return generations.flatMap(({ number, mark }) =>
    mark === undefined
      ? []
      : [{ generation: number, notAfter: mark.spec.notAfter, sealed: mark.status?.sealed === true }],
  );
}

/** Whether it is not known yet what the anchor holds, nor that this cannot be known now. */
function isAwaited({ reading, failure, underWaySince }: AnchorMemory): boolean {
  return reading === undefined && failure === undefined && underWaySince === undefined;
}

/** One look at an authority. */
class Pass {
  readonly #options: AuthorityReconcilerOptions;
  readonly #name: string;
  readonly #signal: AbortSignal;
  /** Generations whose CRL was looked after. */
  readonly #refreshed = new Set<number>();
  /** With what the last call of each trust anchor had failed before this look. */
  readonly #failedBefore = new Map<AnchorMemory, AnchorMemory["failure"]>();
  #bundle = "";

  constructor(options: AuthorityReconcilerOptions, name: string, signal: AbortSignal) {
    this.#options = options;
    this.#name = name;
    this.#signal = signal;
  }

  async run(): Promise<ReconcileResult> {
    for (let step = 0; step < mostSteps; step += 1) {
      this.#signal.throwIfAborted();
      const seen = await observe(this.#options, this.#name, this.#signal);
      if (seen === undefined) {
        this.#options.memories.forget(this.#name);
        await refuseOperations(this.#options, this.#name, this.#signal);
        return {};
      }
      this.#noteFailures(seen);
      if (await this.#prepare(seen)) continue;
      this.#options.onMarks?.(this.#name, marksOf(seen));
      await this.#refreshCrls(seen);
      await proveCrls(this.#options, seen, this.#signal);
      for (const anchor of seen.authority.spec.trustAnchors ?? []) tellReadings(this.#options, seen, anchor);
      await this.#storeBundle(seen);
      // Asked before the plan is made: a call that ends while the plan is reported leaves the plan waiting for nothing.
      const isUnderWay = this.#isUnderWay(seen);
      const observation = this.#observation(seen);
      const plan = this.#plan(observation);
      if (besideOthers(plan) !== undefined) {
        await this.#callSideBySide(seen, plan);
        continue;
      }
      if (plan.next === "wait") {
        await untilEnded(putSettingsBack(this.#options, seen, this.#signal), this.#options);
        await this.#report(seen, observation, plan);
        const isShort = isUnderWay || this.#isUnderWay(seen);
        return { requeueAfterMs: isShort ? shortestPauseMs : this.#pauseMs(plan, seen) };
      }
      await carryOut({ options: this.#options, seen, signal: this.#signal }, plan.action);
      // What was taken over from AWS belongs into a CRL of ours, and raises its number.
      if (plan.action.do === "MergeRevocations") this.#forgetCrl(plan.action.generation);
    }
    this.#options.log.error({ authority: this.#name }, `took ${mostSteps} steps without coming to rest`);
    return { requeueAfterMs: afterSpinningMs };
  }

  #noteFailures(seen: Seen): void {
    for (const memory of this.#memoriesOf(seen)) {
      if (!this.#failedBefore.has(memory)) this.#failedBefore.set(memory, memory.failure);
    }
  }

  /**
   * What has failed in this look is tried again in another one: a look that takes longer than the pause before the next try would
   * else go on and on, and never say what is wrong.
   */
  #observation(seen: Seen): RotationObservation {
    const observation = toObservation(seen, this.#known(seen));
    const notBefore = this.#options.now().getTime() + shortestPauseMs;
    const anchors = observation.anchors.map((anchor) => {
      const { failure } = anchor;
      if (failure === undefined || failure === this.#failedBefore.get(this.#memoryOf(seen, anchor.name))) return anchor;
      return { ...anchor, failure: { ...failure, retryAt: Math.max(failure.retryAt, notBefore) } };
    });
    return { ...observation, anchors };
  }

  #plan(observation: RotationObservation): RotationPlan {
    return (this.#options.plan ?? planRotation)(observation);
  }

  /**
   * Begins a call to each anchor that has one next: what the planner decides is decided for an anchor that is being called
   * already as for one that does not answer. Those that take long are not waited for, so that nobody else has to.
   */
  async #callSideBySide(seen: Seen, first: RotationPlan): Promise<void> {
    const { now } = this.#options;
    const begun: Promise<void>[] = [];
    for (let call = besideOthers(first); call !== undefined && begun.length < mostUnderWay;) {
      const action = call;
      const memory = this.#memoryOf(seen, action.anchor);
      memory.begin(now().getTime(), () => carryOut({ options: this.#options, seen, signal: this.#signal }, action));
      begun.push(memory.ended());
      call = besideOthers(this.#plan(this.#observation(seen)));
    }
    await untilEnded(begun, this.#options);
  }

  #memoryOf({ authority }: Seen, name: string): AnchorMemory {
    const spec = authority.spec.trustAnchors?.find((anchor) => anchor.name === name);
    if (spec === undefined) throw new TypeError(`trust anchor ${name} is not in the spec`);
    return this.#options.memories.of(this.#name, spec);
  }

  /** What must be so before anything is decided; true when it was not. */
  async #prepare(seen: Seen): Promise<boolean> {
    const { authority } = seen;
    for (const memory of this.#memoriesOf(seen)) memory.throwFault();
    if (lacksFinalizer(authority)) {
      const signal = this.#signal;
      await this.#options.client.replace(certificateAuthorityResource, withFinalizer(authority), { signal });
      return true;
    }
    const generations = noteGeneralLeaves(seen);
    if (generations !== undefined) {
      await writeStatus(this.#options.client, authority, { ...authority.status, generations }, this.#signal);
      return true;
    }
    return admitOperations(this.#options, seen, this.#signal);
  }

  #isUnderWay(seen: Seen): boolean {
    return this.#memoriesOf(seen).some(({ underWaySince }) => underWaySince !== undefined);
  }

  #memoriesOf({ authority }: Seen): readonly AnchorMemory[] {
    return (authority.spec.trustAnchors ?? []).map((anchor) => this.#options.memories.of(this.#name, anchor));
  }

  #known({ authority }: Seen): Known {
    const { memories, crls, sessions } = this.#options;
    return {
      policy: rotationPolicyOf(authority.spec),
      crlOf: (generation) => crls.of(this.#name, generation),
      memoryOf: (anchor) => memories.of(this.#name, anchor),
      ownLeafOf: (anchor) => sessions.ownLeaf(this.#name, anchor),
    };
  }

  /**
   * Makes each CRL say what the ledger says, once a pass. First every anchor was read, or could not be: a state that was
   * restored from a backup shows by what AWS holds, and a CRL that is made over it would hide that. Where one could not be read
   * yet, the CRL is for those who fetch it from us, and numbered so that it hides nothing.
   */
  async #refreshCrls(seen: Seen): Promise<void> {
    const { spec } = seen.authority;
    const anchors = (spec.trustAnchors ?? []).filter(({ ignore }) => ignore !== true);
    const memories = anchors.map((anchor) => this.#options.memories.of(this.#name, anchor));
    if (memories.some(isAwaited)) return;
    const readBack = memories.flatMap(({ reading }) => reading?.crls ?? []);
    const areAnchorsRead = memories.every(({ reading }) => reading !== undefined);
    for (const generation of seen.generations) {
      const { number, status } = generation;
      if (status === undefined || this.#refreshed.has(number)) continue;
      this.#refreshed.add(number);
      const isBehind = (known = 0n): boolean =>
        readBack.some((crl) => generationOfCrl(seen, crl) === number && (crl.content?.number ?? 0n) > known);
      await this.#options.crls.refresh(this.#options, seen, generation, { isBehind, areAnchorsRead }, this.#signal);
    }
  }

  #forgetCrl(generation: number): void {
    this.#refreshed.delete(generation);
    this.#options.crls.forget(this.#name, generation);
  }

  /** Relying parties have a root before it signs. */
  async #storeBundle(seen: Seen): Promise<void> {
    const generations = seen.generations.flatMap(({ number, status, found }) => {
      const rootPem =
        found.is === "Present" ? found.generation.root.pem : this.#options.crls.of(this.#name, number)?.rootPem;
      if (status === undefined || status.compromised === true || rootPem === undefined) return [];
      return [{ number, phase: status.phase, rootPem }];
    });
    const roots = trustedRoots(generations);
    if (roots.join("") === this.#bundle) return;
    await storeBundle(this.#options, this.#name, roots, this.#signal);
    this.#bundle = roots.join("");
  }

  async #report(seen: Seen, observation: RotationObservation, plan: RotationPlan): Promise<void> {
    const { client, now } = this.#options;
    const waitsFor = reasonsOf(plan)
      .slice(0, 3)
      .map(({ message }) => message)
      .join("; ");
    const operations = await reportOperations(this.#options, seen, waitsFor, this.#signal);
    const question = { seen, observation, plan, ...this.#known(seen), now: now().getTime() };
    const status = { ...authorityStatus(question), operations: operations.length === 0 ? undefined : [...operations] };
    await writeStatus(client, seen.authority, status, this.#signal);
  }

  #pauseMs(plan: Extract<RotationPlan, { readonly next: "wait" }>, seen: Seen): number {
    const untilPlanMs = (plan.lookAgainAt ?? Number.POSITIVE_INFINITY) - this.#options.now().getTime();
    const pauseMs = Math.min(untilPlanMs, untilNextProofMs(this.#options, seen));
    return Math.min(longestPauseMs, Math.max(shortestPauseMs, pauseMs));
  }
}
