import { crlsOf, heldBy, holdsRoot } from "../anchor-state.ts";
import { sameBundle } from "../count-reading.ts";
import type { AnchorObservation, CrlReading, GenerationObservation } from "../observation.ts";
import { formatInstant, type WaitReason } from "../reason.ts";
import { notRead } from "./every-anchor.ts";
import { isExpired, type RotationView } from "../view.ts";

/** Certificates, and CRLs, that a trust anchor takes: an AWS quota that cannot be raised. */
export const SLOTS = 2;
const LONGEST_BACKOFF_MS = 10 * 60_000;

/** What is to be done to an anchor, as an order to whoever may do it. */
export interface AnchorTask {
  readonly code:
    | "CreateAnchorByHand"
    | "AddRootByHand"
    | "RemoveRootByHand"
    | "AddCrlByHand"
    | "RemoveCrlByHand"
    | "DisableAnchorByHand";
  /** Such as "add the root of generation 2". */
  readonly order: string;
  readonly generation?: number;
}

/** An anchor that is not managed is never written: its owner is told what to do. */
export function isManaged(_view: RotationView, anchor: AnchorObservation, task: AnchorTask): WaitReason | undefined {
  return anchor.manage
    ? undefined
    : {
        code: task.code,
        anchor: anchor.name,
        message: `Trust anchor ${anchor.name} is not managed: ${task.order} by hand`,
        ...(task.generation === undefined ? {} : { generation: task.generation }),
      };
}

/** Whether a retry is still to come. One that lies farther ahead than any was planned by another clock. */
export function isAhead({ observation }: RotationView, retryAt: number): boolean {
  const waitMs = retryAt - observation.time.own;
  return waitMs > 0 && waitMs <= LONGEST_BACKOFF_MS;
}

/** An anchor is left alone for a while after a failed call, and as long as it has not answered one. */
export function isReachable(view: RotationView, anchor: AnchorObservation): WaitReason | undefined {
  const { name, failure, underWaySince } = anchor;
  if (underWaySince !== undefined) {
    const before = failure === undefined ? "" : `; the one before failed: ${failure.message}`;
    return {
      code: failure?.isOfWrongAccount === true ? "WrongAccount" : "AnchorUnreachable",
      anchor: name,
      message: `Trust anchor ${name} has not answered a call since ${formatInstant(underWaySince)}${before}`,
    };
  }
  return failure !== undefined && isAhead(view, failure.retryAt)
    ? {
        code: failure.isOfWrongAccount === true ? "WrongAccount" : "AnchorUnreachable",
        anchor: name,
        until: failure.retryAt,
        message: `The last call for trust anchor ${name} failed, and is tried again on ${formatInstant(failure.retryAt)}: ${failure.message}`,
      }
    : undefined;
}

/** A bundle of certificates that is there. A disabled anchor is kept right as well, so that it can be enabled. */
export function isBundle(_view: RotationView, anchor: AnchorObservation): WaitReason | undefined {
  const { name, reading } = anchor;
  if (reading === undefined) return notRead(anchor);
  if (reading.state === "Missing") {
    return {
      code: "AnchorMissing",
      anchor: name,
      message: `Trust anchor ${name} does not exist; give the arn of another, or set ignore to go on without it`,
    };
  }
  return reading.state === "NotABundle"
    ? {
        code: "AnchorNotABundle",
        anchor: name,
        message: `Trust anchor ${name} is not of type CERTIFICATE_BUNDLE`,
      }
    : undefined;
}

/** An anchor that an operator has disabled gives nobody a session before an operator enables it. */
export function isNotDisabledByOrder(
  { observation }: RotationView,
  { name, reading }: AnchorObservation,
): WaitReason | undefined {
  const order = observation.disabledAnchors.find(({ anchor }) => anchor === name);
  if (order === undefined) return undefined;
  const isStopped = reading?.state === "Disabled" || reading?.state === "Missing";
  const what = isStopped
    ? `is ${reading.state === "Disabled" ? "disabled" : "kept from being created"} by operation ${order.operation}: nobody gets a session by it`
    : `is to be disabled by operation ${order.operation}, and was not yet read back so: AWS may still give sessions by it`;
  return {
    code: "AnchorDisabledByOrder",
    anchor: name,
    message: `Trust anchor ${name} ${what}; order EnableTrustAnchor to end that, or set ignore to rotate without it`,
  };
}

/** Never over two certificates. */
export function hasRoom(
  _view: RotationView,
  anchor: AnchorObservation,
  { bundle, toAdd }: { readonly bundle: readonly string[]; readonly toAdd: readonly GenerationObservation[] },
): WaitReason | undefined {
  return bundle.length <= SLOTS
    ? undefined
    : {
        code: "NoRoom",
        anchor: anchor.name,
        message: `Trust anchor ${anchor.name} holds ${heldBy(anchor).length} certificates and has no room for the root of generation ${toAdd.map(({ number }) => number).join(" and ")}`,
      };
}

/** Never over two CRLs. */
export function hasCrlRoom(
  _view: RotationView,
  anchor: AnchorObservation,
  { number }: GenerationObservation,
): WaitReason | undefined {
  const { name } = anchor;
  const crls = crlsOf(anchor);
  if (crls.length < SLOTS || crls.some(({ generation }) => generation === number)) return undefined;
  const foreign = crls.filter(({ generation }) => generation === undefined).map(({ id }) => id);
  const advice = foreign.length === 0 ? "" : `; delete what is not ours: ${foreign.join(", ")}`;
  return {
    code: "NoCrlRoom",
    anchor: name,
    generation: number,
    message: `Trust anchor ${name} has ${crls.length} CRLs (${crls.map(crlInWords).join(", ")}) and no room for that of generation ${number}${advice}`,
  };
}

function crlInWords({ id, generation }: CrlReading): string {
  return generation === undefined ? id : `${id} of generation ${generation}`;
}

/** A removal leaves all that is wanted, and never nothing. */
export function remainderIsComplete(
  view: RotationView,
  { name }: AnchorObservation,
  remaining: readonly string[],
): WaitReason | undefined {
  const isComplete = view.wanted.every(({ root }) => remaining.includes(root.fingerprint));
  return remaining.length > 0 && isComplete
    ? undefined
    : {
        code: "NothingWouldRemain",
        anchor: name,
        message: `Nothing is removed from trust anchor ${name} before it can hold a root that takes its place`,
      };
}

/** A compromised root that is signed by goes when the one that is to sign is there: re-issuing then follows at once. */
export function successorRemains(
  { active, incoming }: RotationView,
  { name }: AnchorObservation,
  remaining: readonly string[],
): WaitReason | undefined {
  if (active?.compromised !== true) return undefined;
  if (incoming !== undefined && remaining.includes(incoming.root.fingerprint)) return undefined;
  return {
    code: "NothingWouldRemain",
    anchor: name,
    message: `The compromised root of generation ${active.number} stays in trust anchor ${name} until the next generation's takes its place`,
  };
}

/** A bundle without the root of our own leaf would refuse our next call, and nobody but an administrator could mend it. */
export function ownLeafStays(
  view: RotationView,
  anchor: AnchorObservation,
  remaining: readonly string[],
): WaitReason | undefined {
  const number = anchor.ownLeaf?.generation;
  const own = view.observation.generations.find((generation) => generation.number === number);
  // A leaf that AWS refuses already is nothing to lose.
  if (own === undefined || !holdsRoot(anchor, own) || isExpired(view, own)) return undefined;
  return remaining.includes(own.root.fingerprint)
    ? undefined
    : {
        code: "OwnLeafWouldBeRefused",
        anchor: anchor.name,
        generation: own.number,
        message: `The root of generation ${own.number} stays in trust anchor ${anchor.name} until the publisher's own credentials come from a leaf of another one that stays`,
      };
}

/** A certificate goes only by a stored, unexpired intent that lists exactly what remains. */
export function intentIsStored(
  { observation, atLeast }: RotationView,
  { name }: AnchorObservation,
  remaining: readonly string[],
): WaitReason | undefined {
  const { intent } = observation;
  return intent !== undefined &&
    intent.anchor === name &&
    sameBundle(intent.remaining, remaining) &&
    atLeast < intent.expiresAt
    ? undefined
    : {
        code: "IntentNotStored",
        anchor: name,
        message: `No unexpired intent says that trust anchor ${name} is to hold exactly ${remaining.join(", ")}`,
      };
}

/** A CRL goes after its root: as long as that is trusted, what it revokes must stay revoked. */
export function rootIsGone(
  _view: RotationView,
  anchor: AnchorObservation,
  generation: GenerationObservation,
): WaitReason | undefined {
  return holdsRoot(anchor, generation)
    ? {
        code: "AnchorStillHoldsRoot",
        anchor: anchor.name,
        generation: generation.number,
        message: `The CRL of generation ${generation.number} stays in trust anchor ${anchor.name} as long as the root does`,
      }
    : undefined;
}

/** As long as an anchor holds roots that are no generation's, a CRL of an unknown generation may be of one of them. */
export function strangersAreGone(view: RotationView, anchor: AnchorObservation): WaitReason | undefined {
  const stranger = heldBy(anchor).find((fingerprint) => !view.byFingerprint.has(fingerprint));
  return stranger === undefined
    ? undefined
    : {
        code: "AnchorStillHoldsRoot",
        anchor: anchor.name,
        message: `The CRLs of unknown generations stay in trust anchor ${anchor.name} as long as the root with SHA-256 ${stranger} does`,
      };
}
