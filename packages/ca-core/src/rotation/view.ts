import type { RotationGuards } from "./guards.ts";
import type { AnchorObservation, GenerationObservation, GenerationPhase, RotationObservation } from "./observation.ts";
import { trustedTime, type TrustedTime } from "./trusted-time.ts";

/** An observation, with what every step asks of it. */
export interface RotationFacts {
  readonly observation: RotationObservation;
  readonly guards: RotationGuards;
  readonly time: TrustedTime;
  /** It is at least so late: trusted time, or the highest that was ever stored. */
  readonly atLeast: number;
  readonly active: GenerationObservation | undefined;
  /**
   * The active generation, as long as it can sign and may: its mark is open, its root is valid, and it is not
   * compromised. Where there is none, there is nobody whom a switch could harm.
   */
  readonly signing: GenerationObservation | undefined;
  /** Pending or Published, and to become Active. */
  readonly incoming: GenerationObservation | undefined;
  /** Pending or Published, and given up, compromised or expired. */
  readonly abandoned: GenerationObservation | undefined;
  readonly draining: readonly GenerationObservation[];
  /** The anchors that are not ignored. */
  readonly anchors: readonly AnchorObservation[];
  readonly byFingerprint: ReadonlyMap<string, GenerationObservation>;
  /** The active generation is compromised: order, soak and drain give way to speed. */
  readonly isEmergency: boolean;
}

/** And what the anchors are to hold. */
export interface RotationView extends RotationFacts {
  /**
   * The generations whose leaves are out: their roots belong into every anchor, and an anchor that lacks one has lost
   * it. Before there is any, the first generation.
   */
  readonly needed: readonly GenerationObservation[];
  /** What the anchors are to hold: what is needed, most needed first, and the generation that is being introduced. */
  readonly wanted: readonly GenerationObservation[];
}

export function viewOf(observation: RotationObservation, guards: RotationGuards): RotationView {
  const newestFirst = observation.generations.toSorted((left, right) => right.number - left.number);
  const time = trustedTime(observation.time);
  const atLeast = time.ok ? time.now : observation.time.highWater;
  const active = newestFirst.find(({ phase }) => phase === "Active");
  const canSign =
    active !== undefined && !active.compromised && !isSealed(active) && !isExpired({ atLeast, observation }, active);
  const isGivenUp = (generation: GenerationObservation) =>
    generation.abandoning || generation.compromised || isExpired({ atLeast, observation }, generation);
  const inProgress = newestFirst.filter(({ phase }) => phase === "Pending" || phase === "Published");
  const facts: RotationFacts = {
    observation,
    guards,
    time,
    atLeast,
    active,
    signing: canSign ? active : undefined,
    incoming: inProgress.find((generation) => !isGivenUp(generation)),
    abandoned: inProgress.find(isGivenUp),
    draining: newestFirst.filter(({ phase }) => phase === "Draining"),
    anchors: observation.anchors.filter(({ ignore }) => !ignore),
    byFingerprint: new Map(newestFirst.map((generation) => [generation.root.fingerprint, generation])),
    isEmergency: active?.compromised === true,
  };
  const needed = neededIn(facts);
  const { incoming } = facts;
  const wanted = incoming?.recorded !== true || needed.includes(incoming) ? needed : [...needed, incoming];
  return { ...facts, needed, wanted };
}

/** Whether it signs nothing new. */
export function isSealed({ mark }: GenerationObservation): boolean {
  return mark?.sealed === true;
}

/** Whether AWS takes no leaf of it any more, whatever the clock that is asked. */
export function isExpired(
  { atLeast, observation }: Pick<RotationView, "atLeast" | "observation">,
  { root }: GenerationObservation,
): boolean {
  return atLeast >= root.notAfter + observation.policy.skewMs;
}

function neededIn(facts: RotationFacts): readonly GenerationObservation[] {
  const { active, incoming, draining, guards } = facts;
  if (active === undefined && draining.length === 0) return incoming?.recorded === true ? [incoming] : [];
  return [
    ...(active === undefined || active.compromised || isExpired(facts, active) ? [] : [active]),
    ...draining.filter((generation) => guards.drainIsOver(facts, generation) !== undefined),
  ].filter((generation) => guards.generalLeavesHaveEnded(facts, generation) === undefined);
}

const DONE: ReadonlySet<GenerationPhase> = new Set(["Retired", "Destroyed", "Abandoned"]);

/** Whether it has drained, or was given up, for good: nobody reads its mark any more. */
export function isDone({ phase }: Pick<GenerationObservation, "phase">): boolean {
  return DONE.has(phase);
}

const IN_USE: ReadonlySet<GenerationPhase> = new Set(["Pending", "Published", "Active"]);

/** Whether a generation's root goes out of the anchors, once it may. */
export function isLeaving(view: RotationView, generation: GenerationObservation): boolean {
  return (
    !IN_USE.has(generation.phase) || generation.abandoning || generation.compromised || isExpired(view, generation)
  );
}
