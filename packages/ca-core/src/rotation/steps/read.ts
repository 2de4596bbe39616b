import { isReadWithin } from "../anchor-state.ts";
import type { RotationView } from "../view.ts";
import type { Candidate } from "./step.ts";

/** An anchor is read after each write, and from time to time. */
export function readAnchors(view: RotationView): readonly Candidate[] {
  return view.anchors
    .filter((anchor) => !isReadWithin(view, anchor, view.observation.policy.readEveryMs))
    .map((anchor) => ({
      action: { do: "ReadAnchor", anchor: anchor.name },
      unless: [view.guards.isReachable(view, anchor)],
    }));
}
