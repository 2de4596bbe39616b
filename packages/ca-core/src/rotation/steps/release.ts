import type { RotationAction } from "../action.ts";
import { heldBy, isReadSinceWrite } from "../anchor-state.ts";
import type { AnchorObservation, GenerationObservation, Operation } from "../observation.ts";
import { formatInstant, type WaitReason } from "../reason.ts";
import type { RotationView } from "../view.ts";
import { refused } from "./finish-operation.ts";
import type { Candidate } from "./step.ts";

/** A deleted authority goes when no leaf of it can be valid, or when a Release operation lets it go before. */
export function letGo(view: RotationView): readonly Candidate[] {
  if (!view.observation.deleting) return [];
  const order = view.observation.operations.find((operation) => operation.kind === "Release");
  // What goes from AWS goes before the authority, which is what remembers it.
  if (order?.aws === "Delete" && cleared(view).length > 0) return [];
  return [
    {
      action: { do: "RemoveFinalizer", left: whatIsLeft(view) },
      unless: order === undefined ? [view.guards.timeIsTrusted(view), marksHavePassed(view)] : [],
    },
  ];
}

/** `Keep` leaves AWS as it is; `Delete` takes away the anchors that Capstan created, and their CRLs before them. */
export function release(
  view: RotationView,
  operation: Extract<Operation, { readonly kind: "Release" }>,
): readonly Candidate[] {
  if (!view.observation.deleting) {
    return [refused(operation, "the CertificateAuthority is not being deleted; delete it, then order Release again")];
  }
  return operation.aws === "Delete" ? cleared(view) : [];
}

function cleared(view: RotationView): readonly Candidate[] {
  return view.observation.anchors
    .filter(({ create, manage, ignore }) => create && manage && !ignore)
    .flatMap((anchor): readonly Candidate[] => {
      const action = clearing(anchor);
      return action === undefined ? [] : [{ action, unless: [view.guards.isReachable(view, anchor)] }];
    });
}

function clearing(anchor: AnchorObservation): RotationAction | undefined {
  const { name, reading } = anchor;
  if (reading === undefined) return undefined;
  // What was read before a deletion still shows what was deleted.
  if (!isReadSinceWrite(anchor)) return { do: "ReadAnchor", anchor: name };
  if (reading.state === "Missing") return undefined;
  const crl = reading.crls.find(({ generation }) => generation !== undefined);
  return crl?.generation === undefined
    ? { do: "DeleteAnchor", anchor: name }
    : { do: "DeleteCrl", anchor: name, generation: crl.generation, id: crl.id };
}

function marksHavePassed(view: RotationView): WaitReason | undefined {
  const { generations, policy } = view.observation;
  const until = Math.max(0, ...generations.map((generation) => endOf(generation) + policy.skewMs));
  return view.atLeast >= until
    ? undefined
    : {
        code: "MarksNotPassed",
        until,
        message: `Leaves of this authority may be valid until ${formatInstant(until)}; a Release operation lets it go before`,
      };
}

function endOf({ phase, mark, root }: GenerationObservation): number {
  if (phase === "Retired" || phase === "Destroyed" || phase === "Abandoned") return 0;
  return mark === undefined ? root.notAfter : Math.min(mark.notAfter, root.notAfter);
}

function whatIsLeft({ observation }: RotationView): string {
  const held = observation.anchors
    .filter((anchor) => heldBy(anchor).length > 0)
    .map((anchor) => `trust anchor ${anchor.name} with SHA-256 ${heldBy(anchor).join(", ")}`);
  const unread = observation.anchors.filter(({ reading }) => reading === undefined).map(({ name }) => name);
  return [
    held.length === 0 ? "Nothing is known to be left in AWS" : `Left in AWS: ${held.join("; ")}`,
    ...(unread.length === 0 ? [] : [`not read: ${unread.join(", ")}`]),
  ].join("; ");
}
