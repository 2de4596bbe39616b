/** Why a step is not taken now. Codes are stable; messages are sentences for an operator. */
export type WaitCode =
  // Time
  | "TimeUntrusted"
  | "RotationNotDue"
  | "PausedAfterAbandon"
  | "Soaking"
  | "Draining"
  | "ForeignRootDraining"
  | "Retained"
  | "MarksNotPassed"
  | "GeneralLeaves"
  // Trust anchors
  | "AnchorNotRead"
  | "AnchorUnreachable"
  | "WrongAccount"
  | "AnchorMissing"
  | "AnchorDisabled"
  | "AnchorDisabledByOrder"
  | "AnchorNotABundle"
  | "CreateAnchorByHand"
  | "AddRootByHand"
  | "RemoveRootByHand"
  | "AddCrlByHand"
  | "RemoveCrlByHand"
  | "DisableAnchorByHand"
  | "AnchorNotJoined"
  | "AnchorLacksRoot"
  | "AnchorLacksCrl"
  | "AnchorStillHoldsRoot"
  | "AnchorStillHoldsCrl"
  | "Drift"
  | "NoRoom"
  | "NoCrlRoom"
  | "CanaryNotPassed"
  | "OwnLeafWouldBeRefused"
  | "NothingWouldRemain"
  | "IntentNotStored"
  // Generations
  | "GenerationInProgress"
  | "KeyMissing"
  | "RootNotValid"
  | "MarkMissing"
  | "MarkWouldFall"
  | "MarkNotSealed"
  | "MarkSealed"
  | "StateBehind"
  // Operators
  | "FreezeNotAcknowledged"
  | "BeingDeleted";

export interface WaitReason {
  readonly code: WaitCode;
  /** What was found, what is waited for, and until when, where that is known. */
  readonly message: string;
  readonly anchor?: string;
  readonly generation?: number;
  /** When this ends by itself, in milliseconds since 1970. */
  readonly until?: number;
}

/** An instant as people read it: RFC 3339, UTC, whole seconds. */
export function formatInstant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "an unknown time" : `${date.toISOString().slice(0, 19)}Z`;
}
