import {
  canaryHasPassed,
  everyAnchorIsJoined,
  everyJoinedAnchorHolds,
  noAnchorHolds,
  noDrift,
  readingsAreConfirmed,
  readingsAreFresh,
} from "./guards/every-anchor.ts";
import {
  isNotDeleting,
  keyIsPresent,
  markIsOpen,
  markOnlyRises,
  noneIsInProgress,
  rootIsValid,
  stateIsCurrent,
} from "./guards/generations.ts";
import {
  type AnchorTask,
  hasCrlRoom,
  hasRoom,
  intentIsStored,
  isBundle,
  isManaged,
  isNotDisabledByOrder,
  isReachable,
  ownLeafStays,
  remainderIsComplete,
  rootIsGone,
  strangersAreGone,
  successorRemains,
} from "./guards/one-anchor.ts";
import {
  drainIsOver,
  foreignDrainIsOver,
  generalLeavesHaveEnded,
  pauseAfterAbandonIsOver,
  retentionIsOver,
  rotationIsDue,
  soakIsOver,
  timeIsTrusted,
} from "./guards/time.ts";
import type { AnchorObservation, ForeignRoot, GenerationObservation } from "./observation.ts";
import type { WaitReason } from "./reason.ts";
import type { RotationFacts, RotationView } from "./view.ts";

type Verdict = WaitReason | undefined;
type Guard = (view: RotationView) => Verdict;
type GenerationGuard = (view: RotationView, generation: GenerationObservation) => Verdict;
type AnchorGuard = (view: RotationView, anchor: AnchorObservation) => Verdict;
type BundleGuard = (view: RotationView, anchor: AnchorObservation, remaining: readonly string[]) => Verdict;
type CrlGuard = (view: RotationView, anchor: AnchorObservation, generation: GenerationObservation) => Verdict;

/**
 * Every guard of the rotation, by name. Each returns why a step is not taken, or undefined when it may be. A planner with
 * one of them changed is made by `plannerWith`; tests do so to show that each is needed.
 */
export interface RotationGuards {
  // The clock
  readonly timeIsTrusted: Guard;
  readonly rotationIsDue: Guard;
  readonly pauseAfterAbandonIsOver: Guard;
  readonly soakIsOver: GenerationGuard;
  readonly drainIsOver: (facts: RotationFacts, generation: GenerationObservation) => Verdict;
  readonly foreignDrainIsOver: (view: RotationView, foreign: ForeignRoot) => Verdict;
  readonly generalLeavesHaveEnded: (facts: RotationFacts, generation: GenerationObservation) => Verdict;
  readonly retentionIsOver: GenerationGuard;
  // Generations and their marks
  readonly noneIsInProgress: Guard;
  readonly keyIsPresent: GenerationGuard;
  readonly rootIsValid: GenerationGuard;
  readonly markIsOpen: GenerationGuard;
  readonly markOnlyRises: (view: RotationView, generation: GenerationObservation, to: number) => Verdict;
  readonly stateIsCurrent: Guard;
  readonly isNotDeleting: Guard;
  // All trust anchors together
  readonly readingsAreFresh: Guard;
  readonly readingsAreConfirmed: Guard;
  readonly noDrift: Guard;
  readonly everyAnchorIsJoined: Guard;
  readonly everyJoinedAnchorHolds: GenerationGuard;
  readonly canaryHasPassed: GenerationGuard;
  readonly noAnchorHolds: GenerationGuard;
  // One trust anchor
  readonly isManaged: (view: RotationView, anchor: AnchorObservation, task: AnchorTask) => Verdict;
  readonly isReachable: AnchorGuard;
  readonly isNotDisabledByOrder: AnchorGuard;
  readonly isBundle: AnchorGuard;
  readonly hasRoom: (
    view: RotationView,
    anchor: AnchorObservation,
    write: { readonly bundle: readonly string[]; readonly toAdd: readonly GenerationObservation[] },
  ) => Verdict;
  readonly hasCrlRoom: CrlGuard;
  readonly remainderIsComplete: BundleGuard;
  readonly successorRemains: BundleGuard;
  readonly ownLeafStays: BundleGuard;
  readonly intentIsStored: BundleGuard;
  readonly rootIsGone: CrlGuard;
  readonly strangersAreGone: AnchorGuard;
}

export const ROTATION_GUARDS: RotationGuards = {
  timeIsTrusted,
  rotationIsDue,
  pauseAfterAbandonIsOver,
  soakIsOver,
  drainIsOver,
  foreignDrainIsOver,
  generalLeavesHaveEnded,
  retentionIsOver,
  noneIsInProgress,
  keyIsPresent,
  rootIsValid,
  markIsOpen,
  markOnlyRises,
  stateIsCurrent,
  isNotDeleting,
  readingsAreFresh,
  readingsAreConfirmed,
  noDrift,
  everyAnchorIsJoined,
  everyJoinedAnchorHolds,
  canaryHasPassed,
  noAnchorHolds,
  isManaged,
  isReachable,
  isNotDisabledByOrder,
  isBundle,
  hasRoom,
  hasCrlRoom,
  remainderIsComplete,
  successorRemains,
  ownLeafStays,
  intentIsStored,
  rootIsGone,
  strangersAreGone,
};
