import type { Operation } from "../observation.ts";
import type { RotationView } from "../view.ts";
import { disableTrustAnchor, enableTrustAnchor } from "./disable-anchor.ts";
import { done, refused } from "./finish-operation.ts";
import { beginAbandon } from "./generations.ts";
import { recover } from "./recover.ts";
import { release } from "./release.ts";
import type { Candidate } from "./step.ts";

type Kind = Operation["kind"];
type Handler<K extends Kind> = (
  view: RotationView,
  operation: Extract<Operation, { readonly kind: K }>,
) => readonly Candidate[];

/** What each operation asks for next. One that waits for something does not hold up those after it. */
const handlers: { readonly [K in Kind]: Handler<K> } = {
  Freeze: freeze,
  Unfreeze: unfreeze,
  Rotate: rotate,
  Abandon: abandon,
  Compromised: compromised,
  Recover: recover,
  Release: release,
  DisableTrustAnchor: disableTrustAnchor,
  EnableTrustAnchor: enableTrustAnchor,
};

/** Operations are carried on in the order in which they were seen. */
export function carryOnOperations(view: RotationView): readonly Candidate[] {
  return view.observation.operations.flatMap((operation) => handle(view, operation));
}

function handle<K extends Kind>(
  view: RotationView,
  operation: Extract<Operation, { readonly kind: K }>,
): readonly Candidate[] {
  return (handlers[operation.kind] as Handler<K>)(view, operation);
}

/** The hold of a Compromised operation ends with the last of them. */
export function liftCompromiseHold({ observation }: RotationView): readonly Candidate[] {
  const { freeze, operations } = observation;
  if (!freeze.byCompromise || operations.some(({ kind }) => kind === "Compromised")) return [];
  return [{ action: { do: "Unfreeze", hold: "Compromise" }, unless: [] }];
}

function freeze({ observation }: RotationView, operation: Operation): readonly Candidate[] {
  // It was ordered later: an earlier one was carried on before this.
  const lifting = observation.operations.find(({ kind }) => kind === "Unfreeze");
  if (lifting !== undefined) return [done(operation, `it was lifted by operation ${lifting.name}`)];
  if (!observation.freeze.byOperator) return [{ action: { do: "Freeze", hold: "Operator" }, unless: [] }];
  const waits = observation.freeze.acknowledged
    ? undefined
    : ({
        code: "FreezeNotAcknowledged",
        message: `Operation ${operation.name} holds issuing, and waits until the issuer says that it stands still`,
      } as const);
  return [done(operation, "the issuer stands still", waits)];
}

function unfreeze({ observation }: RotationView, operation: Operation): readonly Candidate[] {
  if (observation.freeze.byOperator) return [{ action: { do: "Unfreeze", hold: "Operator" }, unless: [] }];
  const still = observation.freeze.byCompromise
    ? "; issuing is still held until a compromised generation is replaced"
    : "";
  return [done(operation, `no operator holds issuing${still}`)];
}

/** Ordering a rotation makes the next generation due; it is done when that is begun. */
function rotate(view: RotationView, operation: Operation): readonly Candidate[] {
  if (view.observation.deleting) return [refused(operation, "the CertificateAuthority is being deleted")];
  const { incoming } = view;
  return incoming === undefined ? [] : [done(operation, `generation ${incoming.number} is being introduced`)];
}

function abandon(view: RotationView, operation: Operation): readonly Candidate[] {
  const { incoming, abandoned, active } = view;
  if (abandoned !== undefined) return [done(operation, `generation ${abandoned.number} is being abandoned`)];
  if (incoming === undefined) {
    return [
      refused(
        operation,
        "no generation is being introduced; after the switch there is only a further one: order Rotate",
      ),
    ];
  }
  if (active !== undefined && view.guards.markIsOpen(view, active) !== undefined) {
    return [
      refused(
        operation,
        `generation ${incoming.number} has taken over; after the switch there is only a further one: order Rotate`,
      ),
    ];
  }
  return incoming.recorded ? [beginAbandon(view, incoming, `operation ${operation.name}`)] : [];
}

/**
 * Freeze, then replace what is compromised. The steps are those of every rotation: a compromised generation is wanted in
 * no anchor any more, and neither soak, canary nor drain is waited for. It is done when no anchor holds a compromised
 * root, and a clean generation signs.
 */
function compromised(
  view: RotationView,
  operation: Extract<Operation, { readonly kind: "Compromised" }>,
): readonly Candidate[] {
  const { observation, signing } = view;
  const named = observation.generations.filter(({ number }) => operation.generations.includes(number));
  if (named.length === 0) {
    return [refused(operation, `there is no generation ${operation.generations.join(" or ")}`)];
  }
  if (!observation.freeze.byCompromise) return [{ action: { do: "Freeze", hold: "Compromise" }, unless: [] }];
  if (named.some((generation) => !generation.compromised)) {
    const generations = named.map(({ number }) => number);
    return [{ action: { do: "MarkCompromised", generations }, unless: [] }];
  }
  const inUse = named.some(({ phase }) => phase !== "Retired" && phase !== "Destroyed" && phase !== "Abandoned");
  if (inUse || signing === undefined) return [];
  const held = [
    view.guards.readingsAreFresh(view),
    ...named.map((generation) => view.guards.noAnchorHolds(view, generation)),
    view.guards.readingsAreConfirmed(view),
  ];
  const unordered = named.find(({ reissueOrdered }) => !reissueOrdered);
  return unordered === undefined
    ? [
        done(
          operation,
          `generation ${signing.number} signs, and what was compromised is gone from every anchor`,
          ...held,
        ),
      ]
    : [{ action: { do: "OrderReissue", generation: unordered.number }, unless: held }];
}
