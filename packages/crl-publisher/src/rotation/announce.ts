import type { RotationAction, RotationActionName } from "@capstan/ca-core";
import type { EventRecorder } from "@capstan/kube";
import type { Seen } from "./seen.ts";

interface Announcement {
  readonly type: "Normal" | "Warning";
  /** Part of the API. */
  readonly reason: string;
  readonly note: string;
}

/** Writes an event about a step that changes what people see, once it was taken. */
export function announce(events: EventRecorder, { authority }: Seen, action: RotationAction): void {
  const announcementsOf = ANNOUNCED[action.do] as ((action: RotationAction) => readonly Announcement[]) | undefined;
  for (const announcement of announcementsOf?.(action) ?? []) {
    events.record({ regarding: authority, action: action.do, ...announcement });
  }
}

type Announced = {
  readonly [K in RotationActionName]?: (action: Extract<RotationAction, { readonly do: K }>) => readonly Announcement[];
};

const ANNOUNCED: Announced = {
  SetPhases: ({ changes }) =>
    changes.map(({ generation, phase }) => normal(`Generation${phase}`, `Generation ${generation} is ${phase}`)),
  SetJoined: ({ anchor, joined, because }) => [
    joined
      ? normal("TrustAnchorJoined", `Trust anchor ${anchor} is joined: ${because}`)
      : warning("TrustAnchorLost", `Trust anchor ${anchor} is joined no more: ${because}`),
  ],
  SetAnchorDisabled: ({ anchor, operation, disabled }) => [
    disabled
      ? warning("TrustAnchorStopped", `Trust anchor ${anchor} is to be disabled, by operation ${operation}`)
      : normal("TrustAnchorReleased", `Trust anchor ${anchor} may be enabled again, by operation ${operation}`),
  ],
  DisableAnchor: ({ anchor }) => [warning("TrustAnchorDisabled", `AWS is asked to disable trust anchor ${anchor}`)],
  EnableAnchor: ({ anchor }) => [normal("TrustAnchorEnabled", `AWS is asked to enable trust anchor ${anchor}`)],
  SealMark: ({ generation }) => [normal("GenerationSealed", `Generation ${generation} signs nothing new`)],
  BeginAbandon: ({ generation, because }) => [
    warning("GenerationGivenUp", `Generation ${generation} is given up: ${because}`),
  ],
  DestroyKey: ({ generation }) => [normal("KeyDestroyed", `The key of generation ${generation} was deleted`)],
  MarkCompromised: ({ generations }) => [
    warning("GenerationCompromised", `Compromised: generation ${generations.join(", ")}`),
  ],
  WriteAnchor: ({ anchor, removes }) =>
    removes.length === 0
      ? []
      : [normal("RootRemoved", `Trust anchor ${anchor} is asked to remove SHA-256 ${removes.join(", ")}`)],
  Freeze: ({ hold }) => [warning("IssuingHeld", `Issuing is held (${hold})`)],
  Unfreeze: ({ hold }) => [normal("IssuingReleased", `Issuing is no longer held (${hold})`)],
  OrderReissue: ({ generation }) => [
    normal("ReissueOrdered", `What generation ${generation} has issued is to be issued anew`),
  ],
  FinishOperation: ({ operation, outcome, message }) => [
    outcome === "Done"
      ? normal("OperationDone", `Operation ${operation}: ${message}`)
      : warning("OperationRefused", `Operation ${operation}: ${message}`),
  ],
  RemoveFinalizer: ({ left }) => [normal("Released", left)],
};

function normal(reason: string, note: string): Announcement {
  return { type: "Normal", reason, note };
}

function warning(reason: string, note: string): Announcement {
  return { type: "Warning", reason, note };
}
