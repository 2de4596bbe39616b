import type { IssuedCertificate, Revocation } from "@capstan/api";
import { formatTime, isNotFound, KubeApiError, type KubeClient } from "@capstan/kube";
import { decideReissue, type ReissueDecision, renewalMessage, renewalReason } from "./decide-reissue.ts";
import { type Certificate, holderResources, type LeafHolder, type Pod } from "./leaf-holder.ts";

/** Its own: what it applied last it must be able to take back alone. */
const renewalManager = "capstan-issuer-controller-reissue";

const pollMs = 5_000;
const refusedMs = 30_000;
const forbiddenMs = 300_000;
/** So much is kept of why an eviction is refused. */
const longestAnswer = 1_024;

/** How the replacing of a leaf goes, and when to look again. */
export type Told = Extract<ReissueDecision, { readonly do: "tell" }>;

export interface ReplaceLeafOptions {
  readonly client: KubeClient;
  readonly now: () => Date;
}

/**
 * Takes the next step to replace what holds a leaf: a Certificate is renewed as `cmctl renew` would, a pod with a volume
 * of the csi-driver is evicted, which honours PodDisruptionBudgets.
 *
 * @param leaf.asker who wants it, for the condition that cert-manager sees
 * @param leaf.mayBegin asked before anything is renewed or evicted
 * @returns undefined when that may not begin yet
 */
export async function replaceLeaf(
  options: ReplaceLeafOptions,
  leaf: {
    readonly record: IssuedCertificate;
    readonly reason: Revocation["spec"]["reason"];
    readonly asker: string;
    readonly mayBegin: () => boolean;
  },
  signal: AbortSignal,
): Promise<Told | undefined> {
  return tryUnlessForbidden(async () => {
    const { record, reason, asker, mayBegin } = leaf;
    const holder = await holderOf(options, record, signal);
    const decision = decideReissue({ reason, record, holder, now: options.now().getTime() });
    if (decision.do === "tell") return decision;
    if (decision.do === "take back") return takeBack(options, decision.certificate, signal);
    if (!mayBegin()) return undefined;
    if (decision.do === "renew") return renew(options, asker, decision.certificate, signal);
    return evict(options, decision.pod, signal);
  });
}

async function holderOf(
  { client }: ReplaceLeafOptions,
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
async function tryUnlessForbidden(act: () => Promise<Told | undefined>): Promise<Told | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof KubeApiError && error.code === 403)) throw error;
    const message = `the issuer controller may not do this; bind ClusterRole capstan-issuer-reissue to it: ${error.message}`;
    return { do: "tell", state: "Waiting", message, againMs: forbiddenMs };
  }
}

async function renew(
  { client, now }: ReplaceLeafOptions,
  asker: string,
  certificate: Certificate,
  signal: AbortSignal,
): Promise<Told> {
  const { apiVersion, kind, metadata } = certificate;
  const { name, namespace = "", resourceVersion, generation = 0 } = metadata;
  const condition = {
    type: "Issuing",
    status: "True",
    reason: renewalReason,
    message: renewalMessage(asker, certificate),
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
  { client }: ReplaceLeafOptions,
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
  { client }: ReplaceLeafOptions,
  { metadata: { name, namespace = "", uid } }: Pod,
  signal: AbortSignal,
): Promise<Told> {
  const requested = {
    do: "tell",
    state: "Requested",
    message: `Pod ${name} is being evicted`,
    againMs: pollMs,
  } as const;
  const refused = (why: string): Told => {
    const message = `Pod ${name} may not be evicted now: ${why}`;
    return { do: "tell", state: "Waiting", message, againMs: refusedMs };
  };
  try {
    const answer = await client.request<EvictionAnswer>({
      method: "POST",
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/eviction`,
      body: {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name, namespace },
        deleteOptions: { preconditions: { uid } },
      },
      // Other leaves would wait as long: it is tried again in any case.
      retryAfterBudgetMs: 0,
      signal,
    });
    // To a pod under two PodDisruptionBudgets the eviction API answers 201, and refuses in the body.
    if (answer.kind !== "Status" || answer.status !== "Failure") return requested;
    return refused((answer.message ?? "Kubernetes does not say why").slice(0, longestAnswer));
  } catch (error) {
    if (isNotFound(error)) return requested; // Gone meanwhile: the next look says so.
    // The eviction API answers 429 while a PodDisruptionBudget does not allow it.
    if (!(error instanceof KubeApiError && error.code === 429)) throw error;
    return refused(error.message);
  }
}

/** A metav1.Status, as far as it is read. */
interface EvictionAnswer {
  readonly kind?: string;
  readonly status?: unknown;
  readonly message?: string;
}
