import {
  apiVersion,
  type IssuedCertificate,
  issuedCertificateResource,
  type Revocation,
  revocationReasons,
  revocationResource,
} from "@capstan/api";
import {
  type Clock,
  type EventRecorder,
  formatTime,
  type KubeClient,
  type Logger,
  type ReadonlyStore,
  type ReconcileResult,
  type Reconciler,
  TokenBucket,
} from "@capstan/kube";
import { fieldManager } from "../requests/reconcile-request.ts";
import { forEachReachedLeaf, namesSeveral } from "./reached-leaves.ts";
import { describeRest, reissuePace, ReissueRound } from "./reissue-round.ts";
import { replaceLeaf, type Told } from "./replace-leaf.ts";

const maxMessageLength = 2_048;
/** Of many leaves it is told so often how far they have come. */
const tellEveryMs = 5_000;

export interface ReissueReconcilerOptions {
  readonly client: KubeClient;
  /** Where the ledger is. */
  readonly namespace: string;
  readonly revocations: ReadonlyStore<Revocation>;
  readonly events: EventRecorder;
  readonly now: () => Date;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Replaces what a Revocation with `spec.reissue` has revoked, once it is accepted, and says in `status.reissue` how that
 * goes: a Certificate is renewed as `cmctl renew` would, a pod with a volume of the csi-driver is evicted, which honours
 * PodDisruptionBudgets. No faster than two leaves a second.
 */
export function reissueReconciler(options: ReissueReconcilerOptions): Reconciler {
  const { revocations, clock } = options;
  const pace = new TokenBucket({ ...reissuePace, clock });
  /** When the turn of a key is, on the monotonic clock. */
  const turns = new Map<string, number>();
  /** Of those that name several leaves. Who takes over begins anew and finds what is replaced already. */
  const rounds = new Map<string, Round>();
  return async (key, signal) => {
    const revocation = revocations.get(key);
    if (revocation === undefined || !isWanted(revocation)) {
      turns.delete(key);
      rounds.delete(key);
      return {};
    }
    if (namesSeveral(revocation)) {
      const known = rounds.get(key);
      const { uid = "" } = revocation.metadata;
      const round = known?.uid === uid ? known : newRound(options, revocation, pace);
      rounds.set(key, round);
      return advanceRound(options, revocation, round, signal);
    }
    const turn = turns.get(key) ?? clock.monotonic() + pace.reserve();
    turns.set(key, turn);
    const waitMs = turn - clock.monotonic();
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    return advance(options, revocation, signal);
  };
}

/** Accepted, and neither done nor given up. */
function isWanted({ metadata, spec, status }: Revocation): boolean {
  const { state } = status?.reissue ?? {};
  return (
    spec.reissue === true &&
    metadata.deletionTimestamp === undefined &&
    state !== "Done" &&
    state !== "Impossible" &&
    status?.conditions?.some(({ type, status }) => type === "Accepted" && status === "True") === true
  );
}

async function advance(
  options: ReissueReconcilerOptions,
  revocation: Revocation,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { client, namespace } = options;
  const name = revocation.status?.issuedCertificate;
  if (name === undefined) {
    const message = "the ledger does not know the leaf, and so not what holds it: renew it by hand";
    return report(options, revocation, { do: "tell", state: "Impossible", message }, signal);
  }
  const record = await client.getOrUndefined<IssuedCertificate>(
    issuedCertificateResource,
    { namespace, name },
    { signal },
  );
  if (record === undefined) {
    return report(options, revocation, { do: "tell", state: "Done", message: "the revoked leaf has expired" }, signal);
  }
  if (!isReached(record, revocation, namespace)) {
    const message = `ledger record ${name} is not a revoked leaf that this Revocation reaches`;
    return report(options, revocation, { do: "tell", state: "Impossible", message }, signal);
  }
  const asker = `Revocation ${revocation.metadata.namespace ?? ""}/${revocation.metadata.name}`;
  const told = await replaceLeaf(options, { record, reason: revocation.spec.reason, asker }, signal);
  const { owner } = record.spec;
  return report(options, revocation, told, signal, owner === undefined ? {} : { owner });
}

interface Round {
  readonly uid: string;
  readonly leaves: ReissueRound;
  /** Since when no leaf can be missing in it. */
  isComplete: boolean;
  /** When it was last told how far it has come, on the monotonic clock. */
  toldAt: number;
}

function newRound(options: ReissueReconcilerOptions, { metadata, spec }: Revocation, pace: TokenBucket): Round {
  const asker = `Revocation ${metadata.namespace ?? ""}/${metadata.name}`;
  // Nothing is issued any more for a key that was revoked, whatever the reason.
  const reason = spec.target.publicKeySha256 === undefined ? spec.reason : "keyCompromise";
  const leaves = new ReissueRound({ ...options, pace, reason, asker });
  return { uid: metadata.uid ?? "", leaves, isComplete: false, toldAt: Number.NEGATIVE_INFINITY };
}

/** The publisher reads the ledger once more for what was being signed; until then more leaves may come. */
function isSettled({ status }: Revocation): boolean {
  const published = status?.conditions?.find(({ type }) => type === "Published");
  return published !== undefined && published.reason !== revocationReasons.settling;
}

async function advanceRound(
  options: ReissueReconcilerOptions,
  revocation: Revocation,
  round: Round,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { clock } = options;
  const { leaves } = round;
  if (!round.isComplete) {
    const willBeComplete = isSettled(revocation);
    await forEachReachedLeaf(options, revocation, (record) => leaves.add(record), signal);
    round.isComplete = willBeComplete;
  }
  const waitMs = await leaves.advance(signal);
  const isOver = waitMs === undefined && round.isComplete;
  const sinceToldMs = clock.monotonic() - round.toldAt;
  if (!isOver && sinceToldMs < tellEveryMs)
    return { requeueAfterMs: Math.min(waitMs ?? tellEveryMs, tellEveryMs - sinceToldMs) };
  round.toldAt = clock.monotonic();
  const told = {
    ...progressOf(leaves, isOver),
    ...(isOver ? {} : { againMs: Math.min(waitMs ?? tellEveryMs, tellEveryMs) }),
  };
  const counts = { certificates: leaves.leaves, replaced: leaves.replaced, impossible: leaves.impossible.length };
  return report(options, revocation, told, signal, { counts });
}

function progressOf(round: ReissueRound, isOver: boolean): Told {
  const { leaves, replaced, impossible } = round;
  const message = `${replaced} of ${leaves} certificates are replaced${describeRest(round)}`;
  if (!isOver) return { do: "tell", state: "Requested", message };
  return { do: "tell", state: impossible.length === 0 ? "Done" : "Impossible", message };
}

/** The publisher has decided this by the ledger; deciding it again costs nothing. */
function isReached({ spec, status }: IssuedCertificate, { metadata }: Revocation, ownNamespace: string): boolean {
  const { namespace } = metadata;
  return status?.revoked !== undefined && (namespace === ownNamespace || namespace === spec.requestNamespace);
}

/** Of one leaf what holds it, of several how many they are. */
interface Of {
  readonly owner?: NonNullable<IssuedCertificate["spec"]["owner"]>;
  readonly counts?: { readonly certificates: number; readonly replaced: number; readonly impossible: number };
}

async function report(
  { client, now, events, log }: ReissueReconcilerOptions,
  revocation: Revocation,
  told: Told,
  signal: AbortSignal,
  { owner, counts }: Of = {},
): Promise<ReconcileResult> {
  const { name, namespace = "" } = revocation.metadata;
  const before = revocation.status?.reissue;
  const { state } = told;
  const message = told.message.slice(0, maxMessageLength);
  const again = told.againMs === undefined ? {} : { requeueAfterMs: told.againMs };
  if (before?.state === state && before.message === message) return again;
  const since = before?.state === state ? before.since : formatTime(now().getTime());
  await client.apply(
    revocationResource,
    {
      apiVersion,
      kind: "Revocation",
      metadata: { name, namespace },
      status: {
        reissue: {
          state,
          ...(owner === undefined ? {} : { owner: `${owner.kind}/${owner.name}` }),
          ...counts,
          message,
          since,
        },
      },
    },
    { fieldManager, force: true, subresource: "status", signal },
  );
  if (before?.state !== state) {
    const { uid } = revocation.metadata;
    const { serial } = revocation.status ?? {};
    log.info({ namespace, name, uid, serial, state, owner: owner?.name, ...counts }, "a re-issue moved on");
    const type = state === "Impossible" ? "Warning" : "Normal";
    events.record({ regarding: revocation, type, reason: `Reissue${state}`, action: "Reissue", note: message });
  }
  return again;
}
