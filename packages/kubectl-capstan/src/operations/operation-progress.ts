import type { AuthorityOperation, CertificateAuthority } from "@capstan/api";
import { printable } from "../output/printable.ts";

/** An operation and its authority as read together; the authority is undefined once it is gone. */
export interface OperationState {
  readonly operation: AuthorityOperation | undefined;
  readonly authority: CertificateAuthority | undefined;
}

export type OperationOutcome = "done" | "refused" | "given up" | "waiting";

/** What was so before the order, so that what it brings about can be told from it. */
export interface Before {
  readonly activeGeneration: number;
}

export function stateBefore({ status }: CertificateAuthority): Before {
  return { activeGeneration: status?.activeGeneration ?? 0 };
}

/**
 * Whether what was ordered has come about. A rotation has when the new generation signs: its operation is Done when it begins.
 *
 * @param followsRotation whether it is a rotation that is followed to its end
 */
export function outcomeOf(
  { operation, authority }: OperationState,
  before: Before,
  followsRotation: boolean,
): OperationOutcome {
  if (operation?.status?.phase === "Refused") return "refused";
  const isCarriedOut = operation === undefined || operation.status?.phase === "Done";
  if (!followsRotation) return isCarriedOut ? "done" : "waiting";
  const { activeGeneration = 0, generations = [] } = authority?.status ?? {};
  if (activeGeneration > before.activeGeneration) return "done";
  if (!isCarriedOut) return "waiting";
  const newer = generations.filter(({ number }) => number > before.activeGeneration);
  const isGivenUp = newer.length > 0 && newer.every(({ phase, abandoning }) => phase === "Abandoned" || abandoning);
  return isGivenUp ? "given up" : "waiting";
}

/** What is to be seen of an operation now, one fact a line; the same facts always give the same lines. */
export function progressOf({ operation, authority }: OperationState): readonly string[] {
  const { phase, message } = operation?.status ?? {};
  const { generations = [], trustAnchors = [] } = authority?.status ?? {};
  return [
    ...(phase === undefined ? [] : [withMessage(phase, message)]),
    ...generations.map(({ number, phase, abandoning }) =>
      abandoning === true && phase !== "Abandoned"
        ? `generation ${number} is being given up`
        : `generation ${number} is ${phase}`,
    ),
    ...trustAnchors.map(({ name, joined, message }) =>
      withMessage(`trust anchor ${name}: ${joined ? "joined" : "not joined"}`, message),
    ),
  ].map(printable);
}

function withMessage(fact: string, message: string | undefined): string {
  return message === undefined || message === "" ? fact : `${fact}: ${message}`;
}
