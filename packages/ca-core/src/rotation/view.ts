import type { RotationGuards } from "./guards.ts";
import type { AnchorObservation, GenerationObservation, GenerationPhase, RotationObservation } from "./observation.ts";
import { trustedTime, type TrustedTime } from "./trusted-time.ts";

/** An observation, with what every step asks of it. */
export interface RotationView {
  readonly observation: RotationObservation;
  readonly guards: RotationGuards;
  readonly time: TrustedTime;
  /** It is at least so late: trusted time, or the highest that was ever stored. */
  readonly atLeast: number;
  readonly active: GenerationObservation | undefined;
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
  /**
   * The generations whose leaves are out: their roots belong into every anchor, and an anchor that lacks one has lost
   * it. Before there is any, the first generation.
   */
  readonly needed: readonly GenerationObservation[];
  /** What the anchors are to hold: what is needed, most needed first, and the generation that is being introduced. */
  readonly wanted: readonly GenerationObservation[];
  /** No generation can sign: then there is nobody whom a switch could harm. */
  readonly nobodySigns: boolean;
}

export function viewOf(observation: RotationObservation, guards: RotationGuards): RotationView {
  const newestFirst = observation.generations.toSorted((left, right) => right.number - left.number);
  const time = trustedTime(observation.time);
  const atLeast = time.ok ? time.now : observation.time.highWater;
  const active = newestFirst.find(({ phase }) => phase === "Active");
  const isGivenUp = (generation: GenerationObservation) =>
    generation.abandoning || generation.compromised || isExpired({ atLeast, observation }, generation);
  const inProgress = newestFirst.filter(({ phase }) => phase === "Pending" || phase === "Published");
  const view: RotationView = {
    observation,
    guards,
    time,
    atLeast,
    active,
    incoming: inProgress.find((generation) => !isGivenUp(generation)),
    abandoned: inProgress.find(isGivenUp),
    draining: newestFirst.filter(({ phase }) => phase === "Draining"),
    anchors: observation.anchors.filter(({ ignore }) => !ignore),
    byFingerprint: new Map(newestFirst.map((generation) => [generation.root.fingerprint, generation])),
    isEmergency: active?.compromised === true,
    nobodySigns: active === undefined || active.mark?.sealed === true || isExpired({ atLeast, observation }, active),
    needed: [],
    wanted: [],
  };
  const needed = neededIn(view);
  const { incoming } = view;
  const wanted = incoming?.recorded !== true || needed.includes(incoming) ? needed : [...needed, incoming];
  return { ...view, needed, wanted };
}

/** Whether AWS takes no leaf of it any more, whatever the clock that is asked. */
export function isExpired(
  { atLeast, observation }: Pick<RotationView, "atLeast" | "observation">,
  { root }: GenerationObservation,
): boolean {
  return atLeast >= root.notAfter + observation.policy.skewMs;
}

function neededIn(view: RotationView): readonly GenerationObservation[] {
  const { active, incoming, draining, guards } = view;
  const needed = [
    ...(active === undefined || active.compromised || isExpired(view, active) ? [] : [active]),
    ...draining.filter((generation) => guards.drainIsOver(view, generation) !== undefined),
  ];
  const isFirst = active === undefined && draining.length === 0;
  return isFirst && incoming?.recorded === true ? [incoming] : needed;
}

const IN_USE: ReadonlySet<GenerationPhase> = new Set(["Pending", "Published", "Active"]);

/** Whether a generation's root goes out of the anchors, once it may. */
export function isLeaving(view: RotationView, generation: GenerationObservation): boolean {
  return (
    !IN_USE.has(generation.phase) || generation.abandoning || generation.compromised || isExpired(view, generation)
  );
}
