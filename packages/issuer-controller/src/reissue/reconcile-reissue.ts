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
  isNotFound,
  KubeApiError,
  type KubeClient,
  type Logger,
  type ReadonlyStore,
  type ReconcileResult,
  type Reconciler,
  TokenBucket,
} from "@capstan/kube";
import { fieldManager } from "../requests/reconcile-request.ts";
import { decideReissue, type ReissueDecision, renewalReason } from "./decide-reissue.ts";
import { type Certificate, holderResources, type LeafHolder, type Pod } from "./leaf-holder.ts";

/** Its own: what it applied last it must be able to take back alone. */
const renewalManager = "capstan-issuer-controller-reissue";

/** Beginnings a second: a thousand renewals or restarts at once would be an outage of their own. */
const perSecond = 2;
const burst = 5;
const pollMs = 5_000;
const refusedMs = 30_000;
const forbiddenMs = 300_000;
const maxMessageLength = 2_048;

type Told = Extract<ReissueDecision, { readonly do: "tell" }>;

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
  const name = revocation.status?.issuedCertificate ?? "";
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
  const told = await tryUnlessForbidden(() => act(options, revocation, record, signal));
  return report(options, revocation, told, signal, record.spec.owner);
}

/** The publisher has decided this by the ledger; deciding it again costs nothing. */
function isReached({ spec, status }: IssuedCertificate, { metadata }: Revocation, ownNamespace: string): boolean {
  const { namespace } = metadata;
  return status?.revoked !== undefined && (namespace === ownNamespace || namespace === spec.requestNamespace);
}

async function act(
  options: ReissueReconcilerOptions,
  revocation: Revocation,
  record: IssuedCertificate,
  signal: AbortSignal,
): Promise<Told> {
  const holder = await holderOf(options, record, signal);
  const now = options.now().getTime();
  const decision = decideReissue({ reason: revocation.spec.reason, record, holder, now });
  if (decision.do === "renew") return renew(options, revocation, decision.certificate, signal);
  if (decision.do === "take back") return takeBack(options, decision.certificate, signal);
  if (decision.do === "evict") return evict(options, decision.pod, signal);
  return decision;
}

async function holderOf(
  { client }: ReissueReconcilerOptions,
  { spec: { owner, requestNamespace = "" } }: IssuedCertificate,
  signal: AbortSignal,
): Promise<LeafHolder | undefined> {
  if (owner === undefined) return undefined;
  const { kind, name, uid } = owner;
  const ref = { namespace: requestNamespace, name };
  const object = await client.getOrUndefined<Certificate & Pod>(holderResources[kind], ref, { signal });
  return object?.metadata.uid === uid ? { kind, object } : undefined;
}

/** The rights for this are a role of their own, which an installation may leave out. */
async function tryUnlessForbidden(act: () => Promise<Told>): Promise<Told> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof KubeApiError && error.code === 403)) throw error;
    const message = `the issuer controller may not do this; bind ClusterRole capstan-issuer-reissue to it: ${error.message}`;
    return { do: "tell", state: "Waiting", message, againMs: forbiddenMs };
  }
}

async function renew(
  { client, now }: ReissueReconcilerOptions,
  revocation: Revocation,
  { apiVersion, kind, metadata }: Certificate,
  signal: AbortSignal,
): Promise<Told> {
  const { name, namespace = "", resourceVersion, generation = 0 } = metadata;
  const asked = `${revocation.metadata.namespace ?? ""}/${revocation.metadata.name}`;
  const condition = {
    type: "Issuing",
    status: "True",
    reason: renewalReason,
    message: `Revocation ${asked} asks for a re-issue`,
    lastTransitionTime: formatTime(now().getTime()),
    observedGeneration: generation,
  };
  await client.apply(
    holderResources.Certificate,
    {
      apiVersion,
      kind,
      // What was decided on: cert-manager may have renewed it a moment ago.
      metadata: { name, namespace, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
      status: { conditions: [condition] },
    },
    { fieldManager: renewalManager, force: true, subresource: "status", signal },
  );
  return { do: "tell", state: "Requested", message: `Certificate ${name} is being renewed`, againMs: pollMs };
}

/** Applying nothing removes what this manager alone still owns. */
async function takeBack(
  { client }: ReissueReconcilerOptions,
  { apiVersion, kind, metadata: { name, namespace = "" } }: Certificate,
  signal: AbortSignal,
): Promise<Told> {
  await client.apply(
    holderResources.Certificate,
    { apiVersion, kind, metadata: { name, namespace }, status: {} },
    { fieldManager: renewalManager, force: true, subresource: "status", signal },
  );
  return { do: "tell", state: "Done", message: `Certificate ${name} holds another leaf` };
}

async function evict(
  { client }: ReissueReconcilerOptions,
  { metadata: { name, namespace = "", uid } }: Pod,
  signal: AbortSignal,
): Promise<Told> {
  const requested = {
    do: "tell",
    state: "Requested",
    message: `Pod ${name} is being evicted`,
    againMs: pollMs,
  } as const;
  try {
    await client.request({
      method: "POST",
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/eviction`,
      body: {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name, namespace },
        deleteOptions: { preconditions: { uid } },
      },
      signal,
    });
    return requested;
  } catch (error) {
    if (isNotFound(error)) return requested; // Gone meanwhile: the next look says so.
    // The eviction API answers 429 while a PodDisruptionBudget does not allow it.
    if (!(error instanceof KubeApiError && error.code === 429)) throw error;
    const message = `Pod ${name} may not be evicted now: ${error.message}`;
    return { do: "tell", state: "Waiting", message, againMs: refusedMs };
  }
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
