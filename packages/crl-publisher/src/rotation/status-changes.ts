import type { RotationAction, RotationActionName } from "@capstan/ca-core";
import { formatTime } from "@capstan/kube";
import type { AuthorityStatus, GenerationStatus, StatusChange } from "../authority/authority-parts.ts";
import { hasAnchors } from "./general-leaves.ts";
import type { Seen } from "./seen.ts";

/** Actions that are one write of the authority's status. */
export type StatusActionName =
  | "Freeze"
  | "Unfreeze"
  | "SetJoined"
  | "SetAnchorDisabled"
  | "StoreRemovalIntent"
  | "SetPhases"
  | "MarkCompromised"
  | "OrderReissue"
  | "BeginOperation"
  | "FinishOperation"
  | "AcceptRoots";

type ActionOf<K extends RotationActionName> = Extract<RotationAction, { readonly do: K }>;

/** @param now milliseconds since 1970, for what people read */
type Change<K extends StatusActionName> = (seen: Seen, action: ActionOf<K>, now: number) => StatusChange;

/** What each of them changes in status. */
const CHANGES: { readonly [K in StatusActionName]: Change<K> } = {
  Freeze: ({ authority: { status = {} } }, { hold }, now) => {
    const order = (status.freezes ?? 0) + 1;
    const holds = [...new Set([...(status.frozen?.holds ?? []), hold])];
    return { frozen: { holds, order, since: formatTime(now) }, freezes: order };
  },
  Unfreeze: ({ authority: { status = {} } }, { hold }) => {
    const holds = (status.frozen?.holds ?? []).filter((one) => one !== hold);
    return { frozen: status.frozen === undefined || holds.length === 0 ? undefined : { ...status.frozen, holds } };
  },
  SetJoined: ({ authority: { status = {} } }, { anchor, joined, because }) => {
    const before = status.trustAnchors ?? [];
    const others = before.filter(({ name }) => name !== anchor);
    const { message: _before, ...known } = before.find(({ name }) => name === anchor) ?? { name: anchor };
    return { trustAnchors: [...others, { ...known, joined, ...(joined ? {} : { message: because.slice(0, 2048) }) }] };
  },
  SetAnchorDisabled: ({ authority: { status = {} } }, { anchor, operation, disabled }, now) => {
    const others = (status.disabledTrustAnchors ?? []).filter(({ name }) => name !== anchor);
    const { requestedBy = "" } = status.operations?.find(({ name }) => name === operation) ?? {};
    const added = disabled ? [{ name: anchor, operation, requestedBy, since: formatTime(now) }] : [];
    const all = [...others, ...added];
    return { disabledTrustAnchors: all.length === 0 ? undefined : all };
  },
  StoreRemovalIntent: (_seen, { anchor, remaining, removes, expiresAt, at }) => ({
    removalIntent: {
      trustAnchor: anchor,
      remaining: [...remaining],
      removes: [...removes],
      expiresAt: formatTime(expiresAt),
    },
    highWater: formatTime(at),
  }),
  SetPhases: (seen, { changes, at }) => {
    const generations = seen.generations.flatMap((generation): GenerationStatus[] => {
      const { number, status, root } = generation;
      const change = changes.find((one) => one.generation === number);
      if (change === undefined) return status === undefined ? [] : [status];
      return [
        {
          ...status,
          ...(change.phase === "Active" && !hasAnchors(seen.authority) ? { general: {} } : {}),
          number,
          phase: change.phase,
          phaseSince: formatTimeAtOrAfter(at),
          fingerprint: root.fingerprint,
          notBefore: formatTime(root.notBefore),
          notAfter: formatTime(root.notAfter),
        },
      ];
    });
    return {
      generations: withoutForgotten(seen, generations),
      highestGeneration: Math.max(seen.highestNumber, ...generations.map(({ number }) => number)),
      highWater: formatTime(at),
      ...activeOf(generations),
    };
  },
  MarkCompromised: ({ authority: { status = {} } }, { generations }) => ({
    generations: changed(status, generations, { compromised: true }),
  }),
  OrderReissue: ({ authority: { status = {} } }, { generation }, now) => ({
    generations: changed(status, [generation], { reissueOrderedAt: formatTime(now) }),
  }),
  BeginOperation: ({ authority: { status = {} } }, { operation, at }) => ({
    operations: (status.operations ?? []).map((one) =>
      one.name === operation ? { ...one, startedAt: formatTimeAtOrAfter(at) } : one,
    ),
    highWater: formatTime(at),
  }),
  FinishOperation: ({ authority: { status = {} } }, { operation, outcome, message }) => ({
    operations: (status.operations ?? []).map((one) =>
      one.name === operation ? { ...one, outcome, message: message.slice(0, 2048) } : one,
    ),
  }),
  AcceptRoots: ({ authority: { status = {} } }, { fingerprints, drainUntil }) => ({
    acceptedRoots: [
      ...(status.acceptedRoots ?? []).filter(({ fingerprint }) => !fingerprints.includes(fingerprint)),
      ...fingerprints.map((fingerprint) => ({ fingerprint, drainUntil: formatTimeAtOrAfter(drainUntil) })),
    ],
  }),
};

/** The status that an action leads to. */
export function changeStatus(seen: Seen, action: ActionOf<StatusActionName>, now: number): StatusChange {
  const change = CHANGES[action.do] as (seen: Seen, action: RotationAction, now: number) => StatusChange;
  return { ...seen.authority.status, ...change(seen, action, now) };
}

export function isStatusAction(action: RotationAction): action is ActionOf<StatusActionName> {
  return Object.hasOwn(CHANGES, action.do);
}

/** Generations that are over, beyond the newest of them, are known by the highest number alone. */
const keptWhenOver = 16;

/** What has a key yet is remembered: nobody else would destroy it. */
function withoutForgotten({ generations: seen }: Seen, generations: readonly GenerationStatus[]): GenerationStatus[] {
  const hasKey = (number: number): boolean => seen.some((one) => one.number === number && one.found.is === "Present");
  const over = generations.filter(
    ({ number, phase }) => phase === "Destroyed" || (phase === "Abandoned" && !hasKey(number)),
  );
  const forgotten = over.toSorted((left, right) => right.number - left.number).slice(keptWhenOver);
  return generations.filter((generation) => !forgotten.includes(generation));
}

/** Which generation signs, and until when. */
function activeOf(generations: readonly GenerationStatus[]): StatusChange {
  const active = generations.find(({ phase }) => phase === "Active");
  return { activeGeneration: active?.number, notAfter: active?.notAfter };
}

function changed(
  { generations = [] }: AuthorityStatus,
  numbers: readonly number[],
  change: Partial<GenerationStatus>,
): GenerationStatus[] {
  return generations.map((generation) =>
    numbers.includes(generation.number) ? { ...generation, ...change } : generation,
  );
}

/** What is waited for from then on must not begin sooner than it did. */
function formatTimeAtOrAfter(ms: number): string {
  return formatTime(Math.ceil(ms / 1000) * 1000);
}
