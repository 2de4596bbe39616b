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
} from "@capstan/kube";
import { fieldManager } from "../requests/reconcile-request.ts";
import { forEachReachedLeaf, namesSeveral } from "./reached-leaves.ts";
import type { LeafReplacements } from "./leaf-replacements.ts";
import { describeRest, ReissueRound } from "./reissue-round.ts";
import type { Told } from "./replace-leaf.ts";
import { SingleReissue } from "./single-reissue.ts";

const maxMessageLength = 2_048;
/** Of many leaves it is told so often how far they have come. */
const tellEveryMs = 5_000;
/** While more may come into the ledger it is read again so often: each time the API server goes through all of it. */
const listEveryMs = 30_000;

export interface ReissueReconcilerOptions {
  readonly client: KubeClient;
  /** Where the ledger is. */
  readonly namespace: string;
  readonly revocations: ReadonlyStore<Revocation>;
  readonly replacements: LeafReplacements;
  readonly events: EventRecorder;
  readonly now: () => Date;
  readonly clock: Clock;
  /** Has a Revocation looked at again: there is something to tell of it. */
  readonly wake: (key: string) => void;
  readonly log: Logger;
}

/** What is under way for a Revocation. */
interface UnderWay {
  /** The Revocation's. */
  readonly uid: string;
  readonly reissue: SingleReissue | Round;
}

interface Round {
  readonly leaves: ReissueRound;
  /** Since when no leaf can be missing in it. */
  isComplete: boolean;
  /** When the ledger was read last, on the monotonic clock. */
  listedAt: number;
  /** When it was last told how far it has come, on the monotonic clock. */
  toldAt: number;
}

/**
 * Has replaced what a Revocation with `spec.reissue` has revoked, once it is accepted, and says in `status.reissue` how that
 * goes.
 */
export function reissueReconciler(options: ReissueReconcilerOptions): Reconciler {
  const { revocations } = options;
  /** Who takes over begins anew and finds what is replaced already. */
  const allUnderWay = new Map<string, UnderWay>();
  return async (key, signal) => {
    const revocation = revocations.get(key);
    const wanted = revocation !== undefined && isWanted(revocation) ? revocation : undefined;
    const { uid = "" } = wanted?.metadata ?? {};
    const known = allUnderWay.get(key);
    const isKnown = wanted !== undefined && known?.uid === uid;
    if (known !== undefined && !isKnown) stop(known);
    if (wanted === undefined) {
      allUnderWay.delete(key);
      return {};
    }
    const { reissue } = isKnown ? known : { reissue: begin(options, wanted, key) };
    allUnderWay.set(key, { uid, reissue });
    if (reissue instanceof SingleReissue) return advance(options, wanted, reissue, signal);
    return advanceRound(options, wanted, reissue, signal);
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

function begin(
  { replacements, namespace, wake }: ReissueReconcilerOptions,
  revocation: Revocation,
  key: string,
): SingleReissue | Round {
  const { metadata, spec } = revocation;
  const order = {
    asker: `Revocation ${metadata.namespace ?? ""}/${metadata.name}`,
    isAdministrators: metadata.namespace === namespace,
    replacements,
  };
  const news = (): void => wake(key);
  if (!namesSeveral(revocation)) return new SingleReissue({ ...order, reason: spec.reason, onNews: news });
  // Nothing is issued any more for a key that was revoked, whatever the reason.
  const reason = spec.target.publicKeySha256 === undefined ? spec.reason : "keyCompromise";
  const leaves = new ReissueRound({ ...order, reason, onOver: news });
  leaves.goOn();
  const never = Number.NEGATIVE_INFINITY;
  return { leaves, isComplete: false, listedAt: never, toldAt: never };
}

function stop({ reissue }: UnderWay): void {
  if (reissue instanceof SingleReissue) reissue.stop();
  else reissue.leaves.stop();
}

async function advance(
  options: ReissueReconcilerOptions,
  revocation: Revocation,
  single: SingleReissue,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  if (single.record === undefined) {
    const found = await recordOf(options, revocation, signal);
    if ("do" in found) {
      await report(options, revocation, found, signal);
      return {};
    }
    single.begin(found);
  }
  // It is woken when there is something to tell.
  const { record, last } = single;
  if (last !== undefined) await report(options, revocation, last, signal, pickOwner(record));
  return {};
}

function pickOwner(record: IssuedCertificate | undefined): Pick<Of, "owner"> {
  const { owner } = record?.spec ?? {};
  return owner === undefined ? {} : { owner };
}

/** The record of the leaf that a Revocation names, or why there is none to be replaced. */
async function recordOf(
  { client, namespace }: ReissueReconcilerOptions,
  revocation: Revocation,
  signal: AbortSignal,
): Promise<IssuedCertificate | Told> {
  const name = revocation.status?.issuedCertificate;
  if (name === undefined) {
    const message = "the ledger does not know the leaf, and so not what holds it: renew it by hand";
    return { do: "tell", state: "Impossible", message };
  }
  const ref = { namespace, name };
  const record = await client.getOrUndefined<IssuedCertificate>(issuedCertificateResource, ref, { signal });
  if (record === undefined) return { do: "tell", state: "Done", message: "the revoked leaf has expired" };
  if (isReached(record, revocation, namespace)) return record;
  const message = `ledger record ${name} is not a revoked leaf that this Revocation reaches`;
  return { do: "tell", state: "Impossible", message };
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
  const willBeComplete = isSettled(revocation);
  const isToBeListed = willBeComplete || clock.monotonic() - round.listedAt >= listEveryMs;
  if (!round.isComplete && isToBeListed) {
    round.listedAt = clock.monotonic();
    await forEachReachedLeaf(options, revocation, (record) => leaves.add(record), signal);
    round.isComplete = willBeComplete;
  }
  const isOver = leaves.isOver && round.isComplete;
  const sinceToldMs = clock.monotonic() - round.toldAt;
  if (!isOver && sinceToldMs < tellEveryMs) return { requeueAfterMs: tellEveryMs - sinceToldMs };
  round.toldAt = clock.monotonic();
  const counts = { certificates: leaves.leaves, replaced: leaves.replaced, impossible: leaves.impossible.length };
  await report(options, revocation, progressOf(leaves, isOver), signal, { counts });
  return isOver ? {} : { requeueAfterMs: tellEveryMs };
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
): Promise<void> {
  const { name, namespace = "" } = revocation.metadata;
  const before = revocation.status?.reissue;
  const { state } = told;
  const message = told.message.slice(0, maxMessageLength);
  if (before?.state === state && before.message === message) return;
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
}
