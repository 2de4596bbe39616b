import { crlsOf, holdsCrl, holdsRoot, isReadWithin, unknownIn } from "../anchor-state.ts";
import type { AnchorObservation, GenerationObservation } from "../observation.ts";
import { formatInstant, type WaitReason } from "../reason.ts";
import type { RotationView } from "../view.ts";

/** Decisions over all anchors are made by readings that are younger than two periods and than the last write. */
export function readingsAreFresh(view: RotationView): WaitReason | undefined {
  const maxAge = 2 * view.observation.policy.readEveryMs;
  const stale = view.anchors.find((anchor) => !isReadWithin(view, anchor, maxAge));
  return stale === undefined ? undefined : notRead(stale);
}

/** One reading may be behind: what is told to be gone was so twice in a row. */
export function readingsAreConfirmed({ anchors }: RotationView): WaitReason | undefined {
  const once = anchors.find(({ reading }) => (reading?.equal.count ?? 0) < 2);
  return once === undefined
    ? undefined
    : {
        code: "AnchorNotRead",
        anchor: once.name,
        message: `Trust anchor ${once.name} was read only once since its certificates changed`,
      };
}

export function notRead({ name, reading, failure }: AnchorObservation): WaitReason {
  const when = reading === undefined ? "was not read yet" : `was last read on ${formatInstant(reading.readAt)}`;
  return {
    code: "AnchorNotRead",
    anchor: name,
    message: `Trust anchor ${name} ${when}${failure === undefined ? "" : `: ${failure.message}`}`,
  };
}

/** A certificate that nobody here knows is somebody else's: it is reported, and the rotation stops. */
export function noDrift(view: RotationView): WaitReason | undefined {
  for (const anchor of view.anchors) {
    const found = driftIn(view, anchor);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function driftIn(view: RotationView, anchor: AnchorObservation): WaitReason | undefined {
  const unknown = unknownIn(view, anchor);
  return unknown.length === 0
    ? undefined
    : {
        code: "Drift",
        anchor: anchor.name,
        message: `Trust anchor ${anchor.name} holds what no generation of this authority has (SHA-256 ${unknown.join(", ")}); nothing of it is overwritten: remove it, list it in spec.foreignRoots, or, after a restore, accept it by a Recover operation`,
      };
}

/** A new anchor, or one that lost something, blocks the switch, never issuing. */
export function everyAnchorIsJoined({ anchors, isEmergency }: RotationView): WaitReason | undefined {
  const joining = isEmergency ? undefined : anchors.find(({ joined }) => !joined);
  return joining === undefined
    ? undefined
    : {
        code: "AnchorNotJoined",
        anchor: joining.name,
        message: `Trust anchor ${joining.name} was not yet read back with all that it must hold${because(joining)}; set ignore to go on without it`,
      };
}

function because({ failure, reading }: AnchorObservation): string {
  if (failure !== undefined) return ` (${failure.message})`;
  if (reading === undefined) return "";
  return reading.state === "Present" ? "" : ` (it is ${reading.state})`;
}

/** A generation goes on only when every joined anchor was read back with its root and its CRL, enabled. */
export function everyJoinedAnchorHolds(
  { anchors }: RotationView,
  generation: GenerationObservation,
): WaitReason | undefined {
  for (const anchor of anchors.filter(({ joined }) => joined)) {
    const lacks = whatLacks(anchor, generation);
    if (lacks !== undefined) return lacks;
  }
  return undefined;
}

function whatLacks(anchor: AnchorObservation, generation: GenerationObservation): WaitReason | undefined {
  const hasRoot = holdsRoot(anchor, generation);
  if (hasRoot && holdsCrl(anchor, generation)) return undefined;
  const what = hasRoot ? "CRL" : "root";
  return {
    code: hasRoot ? "AnchorLacksCrl" : "AnchorLacksRoot",
    anchor: anchor.name,
    generation: generation.number,
    message: `Trust anchor ${anchor.name} was not yet read back with the ${what} of generation ${generation.number}`,
  };
}

/** An anchor that a canary is configured for. */
type WatchedAnchor = AnchorObservation & { readonly canary: NonNullable<AnchorObservation["canary"]> };

/** Where a canary is configured, AWS has given a session to a leaf of the generation since the bundle last changed. */
export function canaryHasPassed(view: RotationView, { number }: GenerationObservation): WaitReason | undefined {
  if (view.isEmergency) return undefined;
  for (const anchor of view.anchors) {
    if (!needsCanary(anchor, number)) continue;
    const { last } = anchor.canary;
    const said = last === undefined || last.generation !== number || last.passed ? "" : `: ${last.message}`;
    return {
      code: "CanaryNotPassed",
      anchor: anchor.name,
      generation: number,
      message: `The canary of trust anchor ${anchor.name} has not yet got a session with a leaf of generation ${number}${said}`,
    };
  }
  return undefined;
}

export function needsCanary(anchor: AnchorObservation, generation: number): anchor is WatchedAnchor {
  const { canary, reading } = anchor;
  if (canary === undefined || reading === undefined) return false;
  const { last } = canary;
  return !(last !== undefined && last.generation === generation && last.passed && last.at >= reading.equal.since);
}

/** A generation is done only when no anchor holds its root or CRL. */
export function noAnchorHolds({ anchors }: RotationView, generation: GenerationObservation): WaitReason | undefined {
  for (const anchor of anchors) {
    const hasRoot = holdsRoot(anchor, generation);
    const hasCrl = crlsOf(anchor).some((crl) => crl.generation === generation.number);
    if (!hasRoot && !hasCrl) continue;
    return {
      code: hasRoot ? "AnchorStillHoldsRoot" : "AnchorStillHoldsCrl",
      anchor: anchor.name,
      generation: generation.number,
      message: `Trust anchor ${anchor.name} still holds the ${hasRoot ? "root" : "CRL"} of generation ${generation.number}`,
    };
  }
  return undefined;
}
