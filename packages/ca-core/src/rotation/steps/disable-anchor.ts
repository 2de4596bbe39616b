import { holdsCurrentCrl, holdsRoot, isReadSinceWrite } from "../anchor-state.ts";
import type { AnchorObservation, Operation } from "../observation.ts";
import type { WaitReason } from "../reason.ts";
import type { RotationView } from "../view.ts";
import { done, refused } from "./finish-operation.ts";
import type { Candidate } from "./step.ts";

type AnchorOperation = Extract<Operation, { readonly kind: "DisableTrustAnchor" | "EnableTrustAnchor" }>;

/**
 * The fastest stop: AWS refuses every new session by the anchor. That it is to be so is kept first; what is read otherwise
 * later, be it that somebody enabled it in AWS, is disabled again. It is done when it was read back.
 */
export function disableTrustAnchor(view: RotationView, operation: AnchorOperation): readonly Candidate[] {
  const { name, anchor: wanted } = operation;
  const later = laterOrder(view, operation);
  if (later !== undefined) return [later];
  const anchor = view.observation.anchors.find((one) => one.name === wanted);
  if (!isOrdered(view, wanted)) {
    const because = anchor === undefined ? notInSpec(wanted) : whyNotWritten(anchor, "disable");
    if (because !== undefined) return [refused(operation, because)];
    return [{ action: { do: "SetAnchorDisabled", anchor: wanted, operation: name, disabled: true }, unless: [] }];
  }
  if (anchor === undefined) return [refused(operation, `${notInSpec(wanted)}; should it come back, it is disabled`)];
  const isStopped = isReadSinceWrite(anchor) && (anchor.reading.state === "Disabled" || isMissing(anchor));
  const what = isMissing(anchor) ? "does not exist, and is not created" : "is disabled";
  return [
    done(
      operation,
      `trust anchor ${wanted} ${what}: AWS gives no new session by it, not even to the publisher; those that were given before last to their end`,
      isStopped ? undefined : view.guards.isNotDisabledByOrder(view, anchor),
    ),
  ];
}

/** Ends what DisableTrustAnchor keeps, and enables the anchor, whoever disabled it. */
export function enableTrustAnchor(view: RotationView, operation: AnchorOperation): readonly Candidate[] {
  const { name, anchor: wanted } = operation;
  const later = laterOrder(view, operation);
  if (later !== undefined) return [later];
  if (isOrdered(view, wanted)) {
    return [{ action: { do: "SetAnchorDisabled", anchor: wanted, operation: name, disabled: false }, unless: [] }];
  }
  const anchor = view.observation.anchors.find((one) => one.name === wanted);
  if (anchor === undefined) return [done(operation, `${notInSpec(wanted)}, and none of that name is kept disabled`)];
  const because = whyNotWritten(anchor, "enable");
  if (because !== undefined) return [refused(operation, because)];
  if (isMissing(anchor)) return [done(operation, `trust anchor ${wanted} does not exist; nothing keeps it so`)];
  // What was read before the last write may have been so before the anchor was disabled.
  if (!isReadSinceWrite(anchor))
    return [{ action: { do: "ReadAnchor", anchor: wanted }, unless: reachable(view, anchor) }];
  if (anchor.reading.state !== "Disabled") return [done(operation, `trust anchor ${wanted} is enabled`)];
  return [
    {
      action: { do: "EnableAnchor", anchor: wanted },
      unless: [...reachable(view, anchor), nothingRevokedReturns(view, anchor)],
    },
  ];
}

/** An anchor that was ordered to be disabled, and was read otherwise, is disabled. */
export function disableAnchors(view: RotationView): readonly Candidate[] {
  return view.anchors
    .filter(({ name }) => isOrdered(view, name))
    .filter((anchor) => isReadSinceWrite(anchor) && anchor.reading.state === "Present")
    .map((anchor) => ({
      action: { do: "DisableAnchor", anchor: anchor.name },
      unless: [
        ...reachable(view, anchor),
        view.guards.isManaged(view, anchor, { code: "DisableAnchorByHand", order: "disable it" }),
      ],
    }));
}

/** Of two orders about one anchor the later one counts. */
function laterOrder({ observation: { operations } }: RotationView, operation: AnchorOperation): Candidate | undefined {
  const later = operations
    .slice(operations.indexOf(operation) + 1)
    .find((one) => isAboutAnchor(one) && one.anchor === operation.anchor);
  return later === undefined ? undefined : done(operation, `operation ${later.name} came after it`);
}

function isAboutAnchor(operation: Operation): operation is AnchorOperation {
  return operation.kind === "DisableTrustAnchor" || operation.kind === "EnableTrustAnchor";
}

function isOrdered({ observation }: RotationView, name: string): boolean {
  return observation.disabledAnchors.some(({ anchor }) => anchor === name);
}

function isMissing({ reading }: AnchorObservation): boolean {
  return reading?.state === "Missing";
}

function reachable(view: RotationView, anchor: AnchorObservation): readonly (WaitReason | undefined)[] {
  return [view.guards.isReachable(view, anchor)];
}

function notInSpec(name: string): string {
  return `spec.trustAnchors names no ${name}`;
}

function whyNotWritten({ name, manage, ignore, reading }: AnchorObservation, verb: string): string | undefined {
  if (!manage) return `trust anchor ${name} is not managed: ${verb} it in AWS`;
  if (ignore)
    return `trust anchor ${name} is ignored, so that it is neither read nor written: ${verb} it in AWS, or end ignore`;
  if (reading?.state === "NotABundle")
    return `trust anchor ${name} is not of type CERTIFICATE_BUNDLE: ${verb} it in AWS`;
  return undefined;
}

/** What was revoked meanwhile, be it a whole generation, is refused from the first moment on. */
function nothingRevokedReturns(view: RotationView, anchor: AnchorObservation): WaitReason | undefined {
  const held = view.observation.generations.filter((generation) => holdsRoot(anchor, generation));
  const compromised = held.find((generation) => generation.compromised);
  const lacking = compromised ?? held.find((one) => view.wanted.includes(one) && !holdsCurrentCrl(anchor, one));
  if (lacking === undefined) return undefined;
  const { number } = lacking;
  const until =
    compromised === undefined
      ? `with the newest CRL of generation ${number}`
      : `without the root of generation ${number}`;
  return {
    code: compromised === undefined ? "AnchorLacksCrl" : "AnchorStillHoldsRoot",
    anchor: anchor.name,
    generation: number,
    message: `Trust anchor ${anchor.name} is not enabled before it was read back ${until}`,
  };
}
