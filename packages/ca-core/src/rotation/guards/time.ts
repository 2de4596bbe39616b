import type { ForeignRoot, GenerationObservation } from "../observation.ts";
import { nextRotationAt } from "../policy.ts";
import { formatInstant, type WaitReason } from "../reason.ts";
import { isDone, isExpired, type RotationFacts, type RotationView } from "../view.ts";
import { notRead } from "./every-anchor.ts";

/** Untrusted time stops every transition. */
export function timeIsTrusted({ time }: RotationView): WaitReason | undefined {
  return time.ok
    ? undefined
    : {
        code: "TimeUntrusted",
        message: `No generation changes its phase, since ${time.message}`,
        ...(time.until === undefined ? {} : { until: time.until }),
      };
}

/** The next generation is begun when the active root nears its end, by order, or when nobody else can sign. */
export function rotationIsDue(view: RotationView): WaitReason | undefined {
  const { signing, atLeast, observation } = view;
  if (signing === undefined) return undefined;
  if (observation.operations.some(({ kind }) => kind === "Rotate")) return undefined;
  const due = nextRotationAt(signing.root, observation.policy);
  return atLeast >= due
    ? undefined
    : {
        code: "RotationNotDue",
        generation: signing.number,
        until: due,
        message: `Generation ${signing.number} signs until ${formatInstant(signing.root.notAfter)}; the next one is begun on ${formatInstant(due)}`,
      };
}

/** After a generation was given up the next one waits, so that a fault does not use up number after number. */
export function pauseAfterAbandonIsOver(view: RotationView): WaitReason | undefined {
  const { atLeast, observation, signing } = view;
  if (signing === undefined || observation.operations.some(({ kind }) => kind === "Rotate")) return undefined;
  const [last] = observation.generations
    .filter(({ phase }) => phase === "Abandoned")
    .toSorted((left, right) => right.phaseSince - left.phaseSince);
  if (last === undefined) return undefined;
  const until = last.phaseSince + observation.policy.publishDeadlineMs;
  return atLeast >= until
    ? undefined
    : {
        code: "PausedAfterAbandon",
        generation: last.number,
        until,
        message: `Generation ${last.number} was abandoned; the next one is begun on ${formatInstant(until)}, or by a Rotate operation`,
      };
}

/** Before the switch every anchor was read back equal several times in a row, for longer than a lost write can take. */
export function soakIsOver(view: RotationView, generation: GenerationObservation): WaitReason | undefined {
  const { atLeast, observation, anchors } = view;
  const { soakMs, readBacks } = observation.policy;
  // Nobody signs before the first switch, so there is nobody to be harmed; in an emergency speed counts.
  if (view.signing === undefined) return undefined;
  const published = generation.phaseSince + soakMs;
  if (atLeast < published) return soaking(generation, published, "its publication");
  for (const anchor of anchors) {
    const { name, reading, doubtfulWriteAt } = anchor;
    if (reading === undefined) return notRead(anchor);
    const { count, since } = reading.equal;
    const until = Math.max(since, doubtfulWriteAt ?? since) + soakMs;
    if (atLeast < until) return soaking(generation, until, `when trust anchor ${name} was last seen to change`, name);
    if (count < readBacks) {
      return {
        code: "Soaking",
        generation: generation.number,
        anchor: name,
        message: `Generation ${generation.number} waits until trust anchor ${name} was read back equal ${readBacks} times in a row, so far ${count}`,
      };
    }
  }
  return undefined;
}

function soaking({ number }: GenerationObservation, until: number, since: string, anchor?: string): WaitReason {
  return {
    code: "Soaking",
    generation: number,
    until,
    message: `Generation ${number} is watched until ${formatInstant(until)}, counted from ${since}`,
    ...(anchor === undefined ? {} : { anchor }),
  };
}

/**
 * No unexpired leaf of the generation may exist: its mark is sealed and has passed, or was when it was done. Where there are no anchors,
 * verifiers take the roots from a bundle that nobody reads back, so both roots stay in it for the longest leaf at least.
 */
export function drainIsOver(facts: RotationFacts, generation: GenerationObservation): WaitReason | undefined {
  const { atLeast, observation, anchors } = facts;
  const { skewMs, maxLeafMs } = observation.policy;
  const { number, mark, root } = generation;
  if (generation.compromised || isExpired(facts, generation)) return undefined;
  // It got there by a drain that was over. A root that comes back, or was left as the last one of an anchor, only has to go.
  if (isDone(generation)) return undefined;
  // A generation that is given up in an emergency has signed for ourselves alone.
  if (facts.isEmergency && generation.abandoning) return undefined;
  if (mark === undefined) return markMissing(generation);
  if (!mark.sealed) {
    return {
      code: "MarkNotSealed",
      generation: number,
      message: `Generation ${number} can still sign: its mark is not sealed`,
    };
  }
  // A mark is made at the root's notBefore, and raised before the first signature.
  const hasSigned = mark.notAfter > root.notBefore;
  const overlap = generation.phase === "Draining" && anchors.length === 0 ? generation.phaseSince + maxLeafMs : 0;
  const until = Math.max(hasSigned ? mark.notAfter + skewMs : 0, overlap);
  return atLeast >= until
    ? undefined
    : {
        code: "Draining",
        generation: number,
        until,
        message: `Leaves of generation ${number} may be valid until ${formatInstant(mark.notAfter)}; its root stays until ${formatInstant(until)}`,
      };
}

/** No root comes into a trust anchor while a leaf of it may be valid that was held to no rule of AWS's. */
export function generalLeavesHaveEnded(
  { atLeast, observation }: RotationFacts,
  { number, generalUntil }: GenerationObservation,
): WaitReason | undefined {
  if (generalUntil === undefined) return undefined;
  const until = generalUntil + observation.policy.skewMs;
  return atLeast >= until
    ? undefined
    : {
        code: "GeneralLeaves",
        generation: number,
        until,
        message: `Generation ${number} has signed while there were no trust anchors, and such leaves may be valid until ${formatInstant(generalUntil)}: its root comes into a trust anchor on ${formatInstant(until)}; a Rotate operation brings another one at once`,
      };
}

export function markMissing({ number }: GenerationObservation): WaitReason {
  return {
    code: "MarkMissing",
    generation: number,
    message: `The mark of generation ${number} is missing, so that nobody knows how long its leaves are valid`,
  };
}

/** A stranger's root stays until the date that was given for it. */
export function foreignDrainIsOver(view: RotationView, foreign: ForeignRoot): WaitReason | undefined {
  const until = foreign.drainUntil + view.observation.policy.skewMs;
  return view.atLeast >= until
    ? undefined
    : {
        code: "ForeignRootDraining",
        until,
        message: `The foreign root with SHA-256 ${foreign.fingerprint} stays until ${formatInstant(until)}`,
      };
}

/** The key of a generation that is done is kept for a while, for whoever has to look into something. */
export function retentionIsOver(view: RotationView, generation: GenerationObservation): WaitReason | undefined {
  const until = generation.phaseSince + view.observation.policy.retentionMs;
  return view.atLeast >= until
    ? undefined
    : {
        code: "Retained",
        generation: generation.number,
        until,
        message: `The key of generation ${generation.number} is kept until ${formatInstant(until)}`,
      };
}
