import type {
  AnchorObservation,
  AnchorReading,
  CrlReading,
  GenerationObservation,
  GenerationPhase,
  Operation,
  RotationObservation,
} from "../../src/rotation/observation.ts";
import { ROTATION_GUARDS } from "../../src/rotation/guards.ts";
import { planRotation } from "../../src/rotation/plan-rotation.ts";
import { rotationPolicy } from "../../src/rotation/policy.ts";
import type { RotationAction } from "../../src/rotation/action.ts";
import type { WaitReason } from "../../src/rotation/reason.ts";
import { type RotationView, viewOf } from "../../src/rotation/view.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const NOW: number = Date.UTC(2027, 5, 1);
export const POLICY = rotationPolicy(7 * DAY);

/** A generation whose leaves end within a week; sealed when it signs no more. */
export function generation(
  number: number,
  phase: GenerationPhase,
  changes: Partial<GenerationObservation> = {},
): GenerationObservation {
  const isSealed = phase === "Draining" || phase === "Retired" || phase === "Destroyed";
  return {
    number,
    phase,
    phaseSince: NOW - HOUR,
    recorded: true,
    root: rootOf(number),
    hasKey: phase !== "Destroyed",
    mark: { notAfter: NOW + 7 * DAY, sealed: isSealed },
    crlNumber: 10n,
    abandoning: phase === "Abandoned",
    compromised: false,
    reissueOrdered: false,
    ...changes,
  };
}

export function rootOf(number: number): GenerationObservation["root"] {
  const notBefore = number === 1 ? NOW - 100 * DAY : NOW - 2 * HOUR;
  return { fingerprint: `root${number}`, notBefore, notAfter: notBefore + 365 * DAY };
}

/** A joined, managed anchor that was read a minute ago, for the fourth time since an hour, with these generations. */
export function anchor(held: readonly number[], changes: Partial<AnchorObservation> = {}): AnchorObservation {
  return {
    name: "prod",
    ignore: false,
    manage: true,
    create: false,
    joined: true,
    reading: reading(held),
    writtenAt: undefined,
    doubtfulWriteAt: undefined,
    failure: undefined,
    canary: undefined,
    ownLeaf: undefined,
    ...changes,
  };
}

/** The last call failed, so that there is nothing to do but to wait. */
export const failure = { message: "ThrottlingException", retryAt: NOW + MINUTE };

export function reading(held: readonly number[], changes: Partial<AnchorReading> = {}): AnchorReading {
  return {
    readAt: NOW - 10_000,
    state: "Present",
    bundle: held.map((number) => `root${number}`),
    crls: held.map((number) => crl(number)),
    equal: { count: 4, since: NOW - HOUR },
    ...changes,
  };
}

export function crl(number: number, changes: Partial<CrlReading> = {}): CrlReading {
  return { id: `crl${number}`, generation: number, enabled: true, number: 10n, current: true, ...changes };
}

export function observation(changes: Partial<RotationObservation> = {}): RotationObservation {
  return {
    time: { own: NOW, apiServer: NOW, aws: NOW, highWater: NOW - MINUTE },
    policy: POLICY,
    generations: [generation(1, "Active")],
    highestNumberSeen: 1,
    anchors: [anchor([1])],
    foreignRoots: [],
    intent: undefined,
    freeze: held(),
    disabledAnchors: [],
    operations: [],
    deleting: false,
    ...changes,
  };
}

/** What guards and steps are asked with. */
export function viewFor(changes: Partial<RotationObservation> = {}): RotationView {
  return viewOf(observation(changes), ROTATION_GUARDS);
}

/** The clocks are a day apart; what was read lately still counts as that. */
export const untrusted = { own: NOW, apiServer: NOW + DAY, aws: NOW, highWater: NOW - MINUTE };

/** Who holds issuing: nobody, but for the changes. */
export function held(changes: Partial<RotationObservation["freeze"]> = {}): RotationObservation["freeze"] {
  return { byOperator: false, byCompromise: false, acknowledged: false, ...changes };
}

export function finished(operation: string, outcome: "Done" | "Refused", message: string): RotationAction {
  return { do: "FinishOperation", operation, outcome, message };
}

export const rotate: Operation = { name: "rotate-1", kind: "Rotate" };

/** Generation 1 signs, generation 2 is everywhere and has soaked. */
export const beforeTheSwitch: Partial<RotationObservation> = {
  generations: [generation(1, "Active"), generation(2, "Published")],
  highestNumberSeen: 2,
  anchors: [anchor([1, 2])],
};

/** Generation 2 signs, and the last leaf of generation 1 has ended half an hour ago. */
export const afterTheDrain: Partial<RotationObservation> = {
  generations: [
    generation(1, "Draining", { mark: { notAfter: NOW - 30 * MINUTE, sealed: true } }),
    generation(2, "Active"),
  ],
  highestNumberSeen: 2,
  anchors: [anchor([1, 2])],
};

/** The action, or undefined where there is only waiting. */
export function actionFor(changes: Partial<RotationObservation>): RotationAction | undefined {
  const plan = planRotation(observation(changes));
  return plan.next === "act" ? plan.action : undefined;
}

/** Every reason that is told, the first one first, with or without an action. */
export function reasonsFor(changes: Partial<RotationObservation>): readonly WaitReason[] {
  const plan = planRotation(observation(changes));
  return plan.next === "act" ? plan.notes : [plan.reason, ...plan.notes];
}

export function codesFor(changes: Partial<RotationObservation>): readonly string[] {
  return reasonsFor(changes).map(({ code }) => code);
}
