import { holdsCrl, holdsRoot, isReadSinceWrite } from "../anchor-state.ts";
import { driftIn } from "../guards/every-anchor.ts";
import type { AnchorObservation } from "../observation.ts";
import { type RotationView } from "../view.ts";
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
    const because = anchor.joined && isReadSinceWrite(anchor) ? differenceOf(view, anchor) : undefined;
    if (because === undefined) return [];
    return [{ action: { do: "SetJoined", anchor: anchor.name, joined: false, because }, unless: [] }];
  });
}

/** An anchor that was read with everything that it is to hold is joined. */
export function joinAnchors(view: RotationView): readonly Candidate[] {
  const wanted = view.wanted;
  if (wanted.length === 0) return [];
  return view.anchors
    .filter((anchor) => !anchor.joined && isReadSinceWrite(anchor) && differenceOf(view, anchor) === undefined)
    .filter((anchor) => wanted.every((generation) => holdsRoot(anchor, generation) && holdsCrl(anchor, generation)))
    .map((anchor) => ({
      action: { do: "SetJoined", anchor: anchor.name, joined: true, because: "it was read back as wanted" },
      unless: [],
    }));
}

function differenceOf(view: RotationView, anchor: AnchorObservation): string | undefined {
  const { reading } = anchor;
  if (reading === undefined) return undefined;
  if (reading.state !== "Present") return `it is ${reading.state}`;
  for (const generation of view.needed) {
    if (!holdsRoot(anchor, generation)) return `it lacks the root of generation ${generation.number}`;
    if (!holdsCrl(anchor, generation)) return `it lacks the CRL of generation ${generation.number}`;
  }
  return driftIn(view, anchor)?.message;
}
