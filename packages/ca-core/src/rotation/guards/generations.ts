import { crlsOf, heldBy } from "../anchor-state.ts";
import type { GenerationObservation } from "../observation.ts";
import { formatInstant, type WaitReason } from "../reason.ts";
import { isExpired, type RotationView } from "../view.ts";
import { markMissing } from "./time.ts";

/** An anchor has room for two roots: a generation is begun only when no other one is coming or going. */
export function noneIsInProgress(view: RotationView): WaitReason | undefined {
  const { incoming, abandoned, draining, anchors, observation, signing } = view;
  const coming = incoming ?? abandoned;
  if (coming !== undefined) return inProgress(coming, coming.abandoning ? "being abandoned" : "being introduced");
  // When the active one must be replaced at once, a drain does not wait: it goes on beside, or is cut short.
  if (signing === undefined) return undefined;
  const [going] = draining;
  if (going !== undefined) return inProgress(going, "still draining");
  for (const anchor of anchors) {
    const foreign = observation.foreignRoots.find(({ fingerprint }) => heldBy(anchor).includes(fingerprint));
    if (foreign !== undefined) {
      return {
        code: "ForeignRootDraining",
        anchor: anchor.name,
        until: foreign.drainUntil,
        message: `Trust anchor ${anchor.name} has no room for another generation while it holds the foreign root with SHA-256 ${foreign.fingerprint}, until ${formatInstant(foreign.drainUntil)}`,
      };
    }
  }
  return undefined;
}

function inProgress({ number }: GenerationObservation, what: string): WaitReason {
  return {
    code: "GenerationInProgress",
    generation: number,
    message: `No generation is begun while generation ${number} is ${what}`,
  };
}

/** A generation is of use only with its key. */
export function keyIsPresent(_view: RotationView, generation: GenerationObservation): WaitReason | undefined {
  return generation.hasKey
    ? undefined
    : {
        code: "KeyMissing",
        generation: generation.number,
        message: `The key Secret of generation ${generation.number} is missing; restore it from a backup`,
      };
}

/** No leaf outlives its root, so a root that is not valid is of no use. */
export function rootIsValid(view: RotationView, generation: GenerationObservation): WaitReason | undefined {
  const { notBefore, notAfter } = generation.root;
  return view.atLeast >= notBefore && !isExpired(view, generation)
    ? undefined
    : {
        code: "RootNotValid",
        generation: generation.number,
        message: `The root of generation ${generation.number} is valid from ${formatInstant(notBefore)} to ${formatInstant(notAfter)} only`,
      };
}

/** What is to sign needs a mark that can be raised. */
export function markIsOpen(_view: RotationView, generation: GenerationObservation): WaitReason | undefined {
  if (generation.mark === undefined) return markMissing(generation);
  return generation.mark.sealed
    ? {
        code: "MarkSealed",
        generation: generation.number,
        message: `The mark of generation ${generation.number} is sealed: it signs no more, and only a further generation can follow it`,
      }
    : undefined;
}

/** A mark never falls. */
export function markOnlyRises(
  _view: RotationView,
  generation: GenerationObservation,
  to: number,
): WaitReason | undefined {
  const { mark } = generation;
  return mark === undefined || Math.min(mark.notAfter, mark.generalNotAfter ?? mark.notAfter) < to
    ? undefined
    : {
        code: "MarkWouldFall",
        generation: generation.number,
        message: `The mark of generation ${generation.number} is at ${formatInstant(mark.notAfter)}, at or after ${formatInstant(to)}`,
      };
}

/** AWS never knows more than our own state, unless that was restored from a backup. */
export function stateIsCurrent({ observation, anchors }: RotationView): WaitReason | undefined {
  const recovery = observation.operations.find(({ kind }) => kind === "Recover");
  if (recovery !== undefined) {
    return {
      code: "StateBehind",
      message: `No generation changes its phase before operation ${recovery.name} is done`,
    };
  }
  for (const anchor of anchors) {
    for (const crl of crlsOf(anchor)) {
      const generation = observation.generations.find(({ number }) => number === crl.generation);
      if (generation !== undefined && crl.number > (generation.crlNumber ?? 0n)) {
        return {
          code: "StateBehind",
          anchor: anchor.name,
          generation: generation.number,
          message: `Trust anchor ${anchor.name} holds CRL ${crl.number} of generation ${generation.number}, and our own state knows of ${generation.crlNumber ?? "none"}: it was restored from a backup; order a Recover operation`,
        };
      }
    }
  }
  return undefined;
}

/** Nothing is begun for an authority that is going. */
export function isNotDeleting({ observation }: RotationView): WaitReason | undefined {
  return observation.deleting
    ? { code: "BeingDeleted", message: "The CertificateAuthority is being deleted: no generation is begun or ended" }
    : undefined;
}
