import { authorityReasons, type Condition } from "@capstan/api";
import { crlToKeep, nextRotationAt, type RotationObservation, type RotationPlan } from "@capstan/ca-core";
import { formatTime, setCondition } from "@capstan/kube";
import type { AnchorMemory } from "../anchors/anchor-memory.ts";
import { changedSettings } from "../anchors/anchor-settings.ts";
import type { FoundCrl } from "../anchors/read-anchor.ts";
import { statusOfAnchor } from "../anchors/status-of-anchor.ts";
import { crlConditions } from "../crl/crl-conditions.ts";
import { earliestTime } from "../earliest-time.ts";
import { crlReading } from "../rotation/to-observation.ts";
import { HAS_CRL, type KnownCrl } from "../rotation/crl-book.ts";
import type { Seen } from "../rotation/seen.ts";
import { authorityConditions, type ConditionState, reasonsOf } from "./authority-conditions.ts";
import type { AnchorSpec, AnchorStatus, AuthorityStatus, GenerationStatus, StatusChange } from "./authority-parts.ts";

type AnchorCrlStatus = NonNullable<AnchorStatus["crls"]>[number];

/** What status is made of once there is nothing left to do. */
export interface StatusQuestion {
  readonly seen: Seen;
  readonly observation: RotationObservation;
  readonly plan: RotationPlan;
  readonly crlOf: (generation: number) => KnownCrl | undefined;
  readonly memoryOf: (anchor: AnchorSpec) => AnchorMemory;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** An authority's status: what was decided, as it is, and what was found. */
export function authorityStatus(question: StatusQuestion): StatusChange {
  const { seen, observation, plan, now } = question;
  const { metadata, spec, status: before = {} } = seen.authority;
  const anchors = (spec.trustAnchors ?? []).map((anchor) => anchorStatus(question, anchor));
  const generations = (before.generations ?? []).map((generation) => generationStatus(question, generation));
  const active = observation.generations.find(({ phase }) => phase === "Active");
  const status = {
    ...before,
    generations,
    trustAnchors: anchors,
    highestGeneration: observation.highestNumberSeen,
    nextRotation: active === undefined ? undefined : formatTime(nextRotationAt(active.root, observation.policy)),
  };
  const activeFound = seen.generations.find(({ number }) => number === active?.number)?.found;
  const conditions = [
    ...authorityConditions({
      status: status as AuthorityStatus,
      plan,
      anchors: anchors.filter((_, index) => spec.trustAnchors?.[index]?.ignore !== true),
      changed: (spec.trustAnchors ?? []).flatMap(
        (anchor) => changedSettings(seen.authority, anchor, question.memoryOf(anchor).reading).found,
      ),
      keyFault: activeFound?.is === "Unusable" ? activeFound.message : undefined,
    }),
    ...crlStates(question),
  ];
  const { generation: observedGeneration = 0 } = metadata;
  return {
    ...status,
    observedGeneration,
    conditions: [...withConditions(before.conditions ?? [], conditions, observedGeneration, now)],
  };
}

function withConditions(
  before: readonly Condition[],
  states: readonly ConditionState[],
  observedGeneration: number,
  now: number,
): readonly Condition[] {
  return states.reduce<readonly Condition[]>(
    (conditions, state) => setCondition(conditions, { ...state, observedGeneration }, now),
    before,
  );
}

function crlStates({ seen, crlOf, now }: StatusQuestion): readonly ConditionState[] {
  const earliest = earliestTime({ ...seen.time, own: now }).getTime();
  const known = seen.generations.flatMap(({ number: generation, status, root }) => {
    // The last one of a root that has ended is not made anew, and is nobody's concern.
    const isKeptUp = status !== undefined && HAS_CRL.has(status.phase) && earliest < root.notAfter;
    const crl = isKeptUp ? crlOf(generation) : undefined;
    return crl === undefined ? [] : [{ generation, ...crl }];
  });
  const problems = known.flatMap(({ generation, problem }) =>
    problem === undefined ? [] : [`generation ${generation}: ${problem}`],
  );
  const crls = known.flatMap(({ generation, stored, capacity }) =>
    stored === undefined ? [] : [{ generation, crl: stored, capacity }],
  );
  const states = crls.length === 0 ? [] : crlConditions(crls, now);
  if (problems.length === 0) return states;
  const refused = {
    type: "CRLCurrent",
    status: "False",
    reason: authorityReasons.crlRefused,
    message: problems.join("; "),
  } as const;
  return [...states.filter(({ type }) => type !== refused.type), refused];
}

function generationStatus({ crlOf }: StatusQuestion, generation: GenerationStatus): GenerationStatus {
  const { stored } = crlOf(generation.number) ?? {};
  if (stored === undefined) return generation;
  return {
    ...generation,
    crl: {
      number: Number(stored.number),
      thisUpdate: formatTime(stored.thisUpdate.getTime()),
      nextUpdate: formatTime(stored.nextUpdate.getTime()),
      entries: stored.serials.size,
    },
  };
}

/** One for each generation, as the schema demands: of two that which is kept. */
function crlsInStatus(seen: Seen, crls: readonly FoundCrl[], crlOf: StatusQuestion["crlOf"]): AnchorCrlStatus[] {
  const ours = crls.map((crl) => crlReading(seen, crl, { crlOf }));
  return [...new Set(ours.map(({ generation }) => generation))].flatMap((generation) => {
    const kept = crlToKeep(ours.filter((crl) => crl.generation === generation));
    const found = crls.find(({ id }) => id === kept?.id);
    return generation === undefined || found === undefined ? [] : [crlStatus(generation, found)];
  });
}

function anchorStatus({ seen, plan, memoryOf, crlOf }: StatusQuestion, spec: AnchorSpec): AnchorStatus {
  const { name } = spec;
  const { message: _before, ...before } = statusOfAnchor(seen.authority, spec) ?? { name, joined: false };
  const reason = reasonsOf(plan).find(({ anchor }) => anchor === name);
  const message = reason === undefined ? {} : { message: reason.message.slice(0, 2048) };
  const { reading } = memoryOf(spec);
  if (reading === undefined) {
    return { ...before, ...(spec.arn === undefined ? {} : { arn: spec.arn }), ...message };
  }
  const { arn = spec.arn, state, certificates, crls, readAt } = reading;
  return {
    name,
    ...(arn === undefined ? {} : { arn }),
    state,
    joined: before.joined,
    bundle: certificates.map(({ fingerprint }) => fingerprint),
    crls: crlsInStatus(seen, crls, crlOf),
    readAt: formatTime(readAt),
    ...message,
  };
}

function crlStatus(generation: number, { id, content, enabled }: FoundCrl): AnchorCrlStatus {
  const thisUpdate = content === undefined ? {} : { thisUpdate: formatTime(content.thisUpdate.getTime()) };
  return { generation, id, number: Number(content?.number ?? 0n), ...thisUpdate, enabled };
}
