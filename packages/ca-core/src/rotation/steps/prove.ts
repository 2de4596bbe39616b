import { holdsRoot } from "../anchor-state.ts";
import { isAhead } from "../guards/one-anchor.ts";
import { needsCanary } from "../guards/every-anchor.ts";
import type { AnchorObservation, GenerationObservation } from "../observation.ts";
import { isLeaving, type RotationView } from "../view.ts";
import type { Candidate } from "./step.ts";

/** A leaf of the next generation gets a session wherever a canary is configured. */
export function runCanaries(view: RotationView): readonly Candidate[] {
  const { incoming, guards } = view;
  if (incoming?.phase !== "Published" || view.isEmergency) return [];
  return view.anchors
    .filter((anchor) => needsCanary(anchor, incoming.number))
    .filter((anchor) => holdsRoot(anchor, incoming))
    .filter(givesSessions)
    .filter(({ canary: { last } }) => last?.generation !== incoming.number || !isAhead(view, last.retryAt))
    .map((anchor) => ({
      action: { do: "RunCanary", anchor: anchor.name, generation: incoming.number },
      unless: [
        guards.isReachable(view, anchor),
        guards.keyIsPresent(view, incoming),
        guards.markIsOpen(view, incoming),
        guards.stateIsCurrent(view),
      ],
    }));
}

/** Our own credentials come from a generation that stays. */
export function renewOwnLeaves(view: RotationView): readonly Candidate[] {
  return view.anchors.filter(givesSessions).flatMap((anchor): readonly Candidate[] => {
    const own = view.observation.generations.find(({ number }) => number === anchor.ownLeaf?.generation);
    if (own === undefined || !isLeaving(view, own)) return [];
    const better = staying(view).find(
      (generation) => generation !== own && holdsRoot(anchor, generation) && canSign(view, generation),
    );
    if (better === undefined) return [];
    return [
      {
        action: { do: "RenewOwnLeaf", anchor: anchor.name, generation: better.number },
        unless: [view.guards.isReachable(view, anchor)],
      },
    ];
  });
}

/** By a disabled one AWS refuses whatever leaf: that proves nothing, and gets no credentials. */
function givesSessions({ reading }: AnchorObservation): boolean {
  return reading?.state !== "Disabled";
}

function staying({ active, incoming, draining }: RotationView): readonly GenerationObservation[] {
  return [active, incoming, ...draining].filter((one) => one !== undefined).filter(({ compromised }) => !compromised);
}

/** From a sealed generation only within its mark, and for long enough to be of use. */
function canSign({ atLeast }: RotationView, { hasKey, recorded, mark }: GenerationObservation): boolean {
  return hasKey && recorded && mark !== undefined && (!mark.sealed || mark.notAfter > atLeast + 10 * 60_000);
}
