import { holdsCrl, holdsRoot, isReadSinceWrite, type ReadAnchor } from "../anchor-state.ts";
import { driftIn } from "../guards/every-anchor.ts";
import type { GenerationObservation } from "../observation.ts";
import type { RotationView } from "../view.ts";
import type { Candidate } from "./step.ts";

/** An ignored anchor is joined no more: when it comes back, it has to be read first. */
export function unjoinIgnored({ observation }: RotationView): readonly Candidate[] {
  return observation.anchors
    .filter(({ ignore, joined }) => ignore && joined)
    .map(({ name }) => ({
      action: { do: "SetJoined", anchor: name, joined: false, because: "it is ignored" },
      unless: [],
    }));
}

/** An anchor that was read with less than the living leaves need, or with a stranger's certificate, is joined no more. */
export function unjoinAnchors(view: RotationView): readonly Candidate[] {
  return view.anchors.flatMap((anchor) => {
    const because = anchor.joined && isReadSinceWrite(anchor) ? differenceOf(view, anchor, view.needed) : undefined;
    if (because === undefined) return [];
    return [{ action: { do: "SetJoined", anchor: anchor.name, joined: false, because }, unless: [] }];
  });
}

/** An anchor that was read with everything that it is to hold is joined. */
export function joinAnchors(view: RotationView): readonly Candidate[] {
  const { anchors, wanted } = view;
  if (wanted.length === 0) return [];
  return anchors
    .filter((anchor) => !anchor.joined && isReadSinceWrite(anchor) && differenceOf(view, anchor, wanted) === undefined)
    .map((anchor) => ({
      action: { do: "SetJoined", anchor: anchor.name, joined: true, because: "it was read back as wanted" },
      unless: [],
    }));
}

/** What keeps an anchor from being joined, when it is to hold these generations. */
function differenceOf(
  view: RotationView,
  anchor: ReadAnchor,
  generations: readonly GenerationObservation[],
): string | undefined {
  const { state } = anchor.reading;
  const ordered = view.guards.isNotDisabledByOrder(view, anchor);
  if (ordered !== undefined) return ordered.message;
  if (state !== "Present") return `it is ${state}`;
  for (const generation of generations) {
    if (!holdsRoot(anchor, generation)) return `it lacks the root of generation ${generation.number}`;
    if (!holdsCrl(anchor, generation)) return `it lacks the CRL of generation ${generation.number}`;
  }
  return driftIn(view, anchor)?.message;
}
