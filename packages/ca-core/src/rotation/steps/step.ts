import type { RotationAction } from "../action.ts";
import type { WaitReason } from "../reason.ts";
import type { RotationView } from "../view.ts";

/** A step that could be taken, and what the guards say to it. */
export interface Candidate {
  readonly action: RotationAction;
  /** It is taken when all of these are undefined. */
  readonly unless: readonly (WaitReason | undefined)[];
}

export interface Step {
  /** What is so once the step was taken. */
  readonly name: string;
  readonly propose: (view: RotationView) => readonly Candidate[];
}
