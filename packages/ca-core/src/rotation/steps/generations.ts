import type { RotationAction } from "../action.ts";
import type { GenerationObservation, GenerationPhase } from "../observation.ts";
import { formatInstant, type WaitReason } from "../reason.ts";
import { isSealed, type RotationView } from "../view.ts";
import type { Candidate } from "./step.ts";

/** Every generation that may sign, or has signed, has a mark. */
export function restoreMarks(view: RotationView): readonly Candidate[] {
  return [view.incoming, view.abandoned, view.active, ...view.draining].flatMap((generation): readonly Candidate[] => {
    if (generation === undefined || generation.mark !== undefined) return [];
    const { number, root, recorded } = generation;
    // What was signed under a lost mark is not known; nothing signs before status knows the generation.
    const notAfter = recorded ? root.notAfter : root.notBefore;
    return [{ action: { do: "RestoreMark", generation: number, notAfter }, unless: [] }];
  });
}

/** A generation whose Secret was made is in status. */
export function recordGeneration(view: RotationView): readonly Candidate[] {
  const made = view.incoming ?? view.abandoned;
  if (made === undefined || made.recorded) return [];
  return [
    {
      action: setPhases(view, [[made, "Pending"]]),
      unless: [view.guards.timeIsTrusted(view), view.guards.stateIsCurrent(view)],
    },
  ];
}

/** The next generation has a key, a root and a mark. */
export function makeGeneration(view: RotationView): readonly Candidate[] {
  const { guards, observation, signing } = view;
  const highest = Math.max(observation.highestNumberSeen, ...observation.generations.map(({ number }) => number));
  return [
    {
      action: { do: "MakeGeneration", generation: highest + 1, at: view.atLeast },
      unless: [
        guards.timeIsTrusted(view),
        guards.stateIsCurrent(view),
        guards.isNotDeleting(view),
        guards.rotationIsDue(view),
        guards.noneIsInProgress(view),
        guards.pauseAfterAbandonIsOver(view),
        // Where nobody signs or what signs is compromised, no anchor can be worse off.
        ...(signing === undefined
          ? []
          : [
              guards.readingsAreFresh(view),
              guards.noDrift(view),
              // One that is to hold nothing yet is joined by what comes.
              view.needed.length === 0 ? undefined : guards.everyAnchorIsJoined(view),
            ]),
      ],
    },
  ];
}

/** Every joined anchor holds the next generation's root and CRL. */
export function publishGeneration(view: RotationView): readonly Candidate[] {
  const { incoming, guards } = view;
  if (incoming?.phase !== "Pending" || !incoming.recorded) return [];
  return [
    {
      action: setPhases(view, [[incoming, "Published"]]),
      unless: [
        guards.timeIsTrusted(view),
        guards.stateIsCurrent(view),
        guards.isNotDeleting(view),
        view.isEmergency ? undefined : guards.noDrift(view),
        guards.readingsAreFresh(view),
        guards.everyJoinedAnchorHolds(view, incoming),
        guards.keyIsPresent(view, incoming),
        guards.markIsOpen(view, incoming),
      ],
    },
  ];
}

/** The old mark is sealed: that is the switch. After it there is no way back, only a further generation. */
export function sealMark(view: RotationView): readonly Candidate[] {
  const { active, incoming, guards } = view;
  if (active === undefined || isSealed(active) || incoming?.phase !== "Published") return [];
  return [
    {
      action: { do: "SealMark", generation: active.number, at: view.atLeast },
      unless: [guards.isNotDeleting(view), ...switchGuards(view, incoming)],
    },
  ];
}

function switchGuards(view: RotationView, incoming: GenerationObservation): readonly (WaitReason | undefined)[] {
  const { guards } = view;
  return [
    guards.timeIsTrusted(view),
    guards.stateIsCurrent(view),
    view.isEmergency ? undefined : guards.noDrift(view),
    guards.readingsAreFresh(view),
    guards.everyAnchorIsJoined(view),
    guards.everyJoinedAnchorHolds(view, incoming),
    guards.canaryHasPassed(view, incoming),
    guards.soakIsOver(view, incoming),
    guards.keyIsPresent(view, incoming),
    guards.rootIsValid(view, incoming),
    guards.markIsOpen(view, incoming),
  ];
}

/** Phases follow from the seal. Requests wait in between. */
export function switchPhases(view: RotationView): readonly Candidate[] {
  const { active, incoming, guards } = view;
  if (active !== undefined && !isSealed(active)) return [];
  if (incoming?.phase !== "Published") {
    // Sealed with nothing to follow: only a further generation helps.
    return active === undefined || incoming !== undefined
      ? []
      : [
          {
            action: setPhases(view, [[active, "Draining"]]),
            unless: [guards.timeIsTrusted(view), guards.stateIsCurrent(view)],
          },
        ];
  }
  const changes: readonly Change[] = [
    [incoming, "Active"],
    ...(active === undefined ? [] : [[active, "Draining"] as const]),
  ];
  return [
    {
      action: setPhases(view, changes),
      unless:
        active === undefined
          ? switchGuards(view, incoming)
          : [
              guards.timeIsTrusted(view),
              guards.stateIsCurrent(view),
              guards.readingsAreFresh(view),
              guards.everyJoinedAnchorHolds(view, incoming),
              guards.keyIsPresent(view, incoming),
              guards.markIsOpen(view, incoming),
            ],
    },
  ];
}

/** What is given up, or drains, signs no more. */
export function sealLeftovers(view: RotationView): readonly Candidate[] {
  return [view.abandoned, ...view.draining]
    .filter((generation) => generation !== undefined)
    .filter((generation) => !isSealed(generation))
    .map(({ number }) => ({
      action: { do: "SealMark", generation: number, at: view.atLeast },
      unless: [view.guards.timeIsTrusted(view), view.guards.stateIsCurrent(view)],
    }));
}

/** A generation that was given up is Abandoned once its leaves are gone and no anchor holds it. */
export function abandonGeneration(view: RotationView): readonly Candidate[] {
  if (view.abandoned === undefined) return [];
  const { action, unless } = finish(view, view.abandoned, "Abandoned");
  // Where nobody else signs, or must not, its root may be the only one in an anchor: it goes when the next one comes.
  const gone = view.signing === undefined ? undefined : view.guards.noAnchorHolds(view, view.abandoned);
  return [{ action, unless: [...unless, gone] }];
}

/** A drained generation that no anchor holds is Retired. */
export function retireGenerations(view: RotationView): readonly Candidate[] {
  return view.draining.map((generation) => {
    const { action, unless } = finish(view, generation, "Retired");
    return { action, unless: [...unless, view.guards.noAnchorHolds(view, generation)] };
  });
}

function finish(view: RotationView, generation: GenerationObservation, phase: GenerationPhase): Candidate {
  const { guards } = view;
  return {
    action: setPhases(view, [[generation, phase]]),
    unless: [
      guards.timeIsTrusted(view),
      guards.stateIsCurrent(view),
      guards.drainIsOver(view, generation),
      guards.readingsAreFresh(view),
    ],
  };
}

/** Status has room for 64 generations: where roots are short or rotations ordered often, retention would fill it. */
const MOST_RETAINED = 24;

/** The key of a generation that is done is retained, as long as there are not too many of the kind that are newer. */
function mayGo(view: RotationView, generation: GenerationObservation): WaitReason | undefined {
  const newer = view.observation.generations.filter((one) => isRetained(one) && one.number > generation.number);
  return newer.length >= MOST_RETAINED ? undefined : view.guards.retentionIsOver(view, generation);
}

function isRetained({ phase, hasKey }: GenerationObservation): boolean {
  return phase === "Retired" || (phase === "Abandoned" && hasKey);
}

/** The key of a generation that is done is deleted; its root and its last CRL are kept. */
export function destroyKeys(view: RotationView): readonly Candidate[] {
  const { guards, observation } = view;
  return observation.generations
    .filter((generation) => generation.hasKey && isRetained(generation))
    .map((generation) => ({
      action: { do: "DestroyKey", generation: generation.number, at: view.atLeast },
      unless: [
        guards.timeIsTrusted(view),
        guards.stateIsCurrent(view),
        mayGo(view, generation),
        guards.noAnchorHolds(view, generation),
      ],
    }));
}

export function recordDestroyed(view: RotationView): readonly Candidate[] {
  return view.observation.generations
    .filter(({ phase, hasKey }) => phase === "Retired" && !hasKey)
    .map((generation) => ({
      action: setPhases(view, [[generation, "Destroyed"]]),
      unless: [view.guards.timeIsTrusted(view), view.guards.stateIsCurrent(view), mayGo(view, generation)],
    }));
}

/** A new generation that cannot get through by its deadline, is compromised or lost its key is given up. */
export function abandonFailing(view: RotationView): readonly Candidate[] {
  const { incoming, abandoned } = view;
  if (abandoned?.recorded === true && !abandoned.abandoning)
    return [beginAbandon(view, abandoned, abandoned.compromised ? "it is compromised" : "its root has expired")];
  if (incoming?.recorded !== true) return [];
  const because = whyFailing(view, incoming);
  return because === undefined ? [] : [beginAbandon(view, incoming, because)];
}

function whyFailing(view: RotationView, incoming: GenerationObservation): string | undefined {
  const { guards, observation, signing } = view;
  const deadline = incoming.root.notBefore + observation.policy.publishDeadlineMs;
  if (view.atLeast < deadline) return undefined;
  const keyMissing = guards.keyIsPresent(view, incoming);
  // Where nobody else signs, or must not, or not for long enough to try another, giving up helps only when the new one never can.
  const hasTimeForAnother =
    signing !== undefined && signing.root.notAfter - view.atLeast > observation.policy.publishDeadlineMs;
  if (!hasTimeForAnother && keyMissing === undefined) return undefined;
  const failing =
    keyMissing ??
    guards.everyAnchorIsJoined(view) ??
    guards.everyJoinedAnchorHolds(view, incoming) ??
    guards.canaryHasPassed(view, incoming) ??
    guards.markIsOpen(view, incoming);
  return failing === undefined ? undefined : `its deadline was ${formatInstant(deadline)}: ${failing.message}`;
}

/** Before the switch a generation can be given up; the old one's mark is where that and the switch exclude each other. */
export function beginAbandon(view: RotationView, incoming: GenerationObservation, because: string): Candidate {
  const { active, guards } = view;
  // What is of no use is given up even after the switch: then there is nothing left to exclude.
  const isUseless = incoming === view.abandoned || !incoming.hasKey;
  const isAfterSwitch = isUseless && active !== undefined && isSealed(active);
  return {
    action: {
      do: "BeginAbandon",
      generation: incoming.number,
      recordedIn: isAfterSwitch ? undefined : active?.number,
      because,
      at: view.atLeast,
    },
    unless: [
      guards.timeIsTrusted(view),
      guards.stateIsCurrent(view),
      guards.isNotDeleting(view),
      active === undefined || isAfterSwitch ? undefined : guards.markIsOpen(view, active),
    ],
  };
}

type Change = readonly [GenerationObservation, GenerationPhase];

function setPhases(view: RotationView, changes: readonly Change[]): RotationAction {
  return {
    do: "SetPhases",
    changes: changes.map(([{ number }, phase]) => ({ generation: number, phase })),
    at: view.atLeast,
  };
}
