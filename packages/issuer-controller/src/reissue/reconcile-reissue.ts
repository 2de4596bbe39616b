import {
  apiVersion,
  type IssuedCertificate,
  issuedCertificateResource,
  type Revocation,
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
import { replaceLeaf, type Told } from "./replace-leaf.ts";

/** Beginnings a second: a thousand renewals or restarts at once would be an outage of their own. */
const perSecond = 2;
const burst = 5;
const maxMessageLength = 2_048;

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
 * PodDisruptionBudgets. No faster than two a second.
 */
export function reissueReconciler(options: ReissueReconcilerOptions): Reconciler {
  const { revocations, clock } = options;
  const pace = new TokenBucket({ perSecond, burst, clock });
  /** When the turn of a key is, on the monotonic clock. */
  const turns = new Map<string, number>();
  return async (key, signal) => {
    const revocation = revocations.get(key);
    if (revocation === undefined || !isWanted(revocation)) {
      turns.delete(key);
      return {};
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
  return report(options, revocation, told, signal, record.spec.owner);
}

/** The publisher has decided this by the ledger; deciding it again costs nothing. */
function isReached({ spec, status }: IssuedCertificate, { metadata }: Revocation, ownNamespace: string): boolean {
  const { namespace } = metadata;
  return status?.revoked !== undefined && (namespace === ownNamespace || namespace === spec.requestNamespace);
}

async function report(
  { client, now, events, log }: ReissueReconcilerOptions,
  revocation: Revocation,
  told: Told,
  signal: AbortSignal,
  owner?: IssuedCertificate["spec"]["owner"],
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
        reissue: { state, ...(owner === undefined ? {} : { owner: `${owner.kind}/${owner.name}` }), message, since },
      },
    },
    { fieldManager, force: true, subresource: "status", signal },
  );
  if (before?.state !== state) {
    log.info({ namespace, name, state, owner: owner?.name }, "a re-issue moved on");
    const type = state === "Impossible" ? "Warning" : "Normal";
    events.record({ regarding: revocation, type, reason: `Reissue${state}`, action: "Reissue", note: message });
  }
  return again;
}
