import { type CertificateAuthority, requestReasons } from "@capstan/api";
import {
  type EventRecorder,
  isNotFound,
  type KubeClient,
  type KubeObject,
  type Logger,
  type ReadonlyStore,
  type Reconciler,
} from "@capstan/kube";
import { formatViolations } from "@capstan/ca-core";
import { signRequest, type SignerOptions } from "../signing/sign-request.ts";
import {
  type CertificateRequest,
  certificateRequestResource,
  type IssuerKind,
  issuerKindOf,
} from "./certificate-request.ts";
import { decideRequest, type Issuer } from "./decide-request.ts";
import { NotYet } from "./not-yet.ts";
import { type RequestOutcome, statusFor } from "./request-status.ts";

/** Constant: a field manager's apply replaces what it applied before. */
export const fieldManager = "capstan-issuer-controller";

const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

export interface RequestReconcilerOptions {
  readonly client: KubeClient;
  readonly requests: ReadonlyStore<CertificateRequest & KubeObject>;
  readonly issuers: Readonly<Record<IssuerKind, ReadonlyStore<Issuer>>>;
  readonly authorities: ReadonlyStore<CertificateAuthority>;
  readonly namespaces: ReadonlyStore<KubeObject>;
  readonly signer: SignerOptions;
  readonly events: EventRecorder;
  readonly now: () => Date;
  readonly log: Logger;
}

/** Answers CertificateRequests that name an issuer of ours. */
export function requestReconciler(options: RequestReconcilerOptions): Reconciler {
  const failures = new Map<string, number>();
  return async (key, signal) => {
    const request = options.requests.get(key);
    if (request === undefined) {
      failures.delete(key);
      return {};
    }
    const issuer = issuerOf(options, request);
    const authority = issuer === undefined ? undefined : options.authorities.get(issuer.spec.caRef.name);
    const decision = decideRequest({ request, issuer, authority });
    switch (decision.do) {
      case "ignore":
        options.log.debug({ name: key, why: decision.why }, "nothing to do for a request");
        return {};
      case "deny":
        await answer(
          options,
          request,
          { reason: requestReasons.denied, message: "The CertificateRequest was denied by an approval controller" },
          signal,
        );
        return {};
      case "fail":
        await answer(options, request, { reason: requestReasons.failed, message: decision.message }, signal);
        return {};
      case "wait":
        await answer(options, request, { reason: requestReasons.pending, message: decision.message }, signal);
        return {};
      case "sign":
        break;
    }
    // The store may lag: what was answered a moment ago must not be signed again.
    const live = await options.client.getOrUndefined<CertificateRequest & KubeObject>(
      certificateRequestResource,
      refOf(request),
      { signal },
    );
    if (live === undefined || live.metadata.uid !== request.metadata.uid) return {};
    if (decideRequest({ request: live, issuer: decision.issuer, authority: decision.authority }).do !== "sign")
      return {};
    try {
      const outcome = await sign(options, live, decision, signal);
      await answer(options, live, outcome, signal);
      failures.delete(key);
      return {};
    } catch (error) {
      if (!(error instanceof NotYet)) throw error;
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      await answer(options, live, { reason: requestReasons.pending, message: `Waiting: ${error.message}` }, signal);
      return { requeueAfterMs: Math.min(longestRetryMs, firstRetryMs * 2 ** count) };
    }
  };
}

async function sign(
  options: RequestReconcilerOptions,
  request: CertificateRequest & KubeObject,
  { issuer, authority }: { readonly issuer: Issuer; readonly authority: CertificateAuthority },
  signal: AbortSignal,
): Promise<RequestOutcome> {
  const { namespace = "" } = request.metadata;
  const requestNamespace = options.namespaces.get(namespace);
  // The namespace exists, since the request does: without its labels nothing can be said about it, least of all a no.
  if (requestNamespace === undefined) throw new NotYet(`namespace ${namespace} has not been seen yet`);
  const namespaceLabels = requestNamespace.metadata.labels ?? {};
  const signed = await signRequest(options.signer, { request, issuer, authority, namespaceLabels }, signal);
  if (signed.ok) {
    const message = ["Certificate issued", ...signed.notes].join(". ");
    return { reason: requestReasons.issued, message, certificate: signed.certificate, ca: signed.ca };
  }
  if ("refusal" in signed) return { reason: requestReasons.failed, message: signed.refusal };
  const { violations } = signed;
  options.log.info(
    {
      namespace: request.metadata.namespace,
      name: request.metadata.name,
      uid: request.metadata.uid,
      codes: violations.map(({ code }) => code),
    },
    "refused a request",
  );
  return { reason: requestReasons.failed, message: formatViolations(violations) };
}

function issuerOf({ issuers }: RequestReconcilerOptions, request: CertificateRequest): Issuer | undefined {
  const kind = issuerKindOf(request);
  if (kind === undefined) return undefined;
  const { name } = request.spec.issuerRef;
  return issuers[kind].get(kind === "CapstanClusterIssuer" ? name : `${request.metadata.namespace ?? ""}/${name}`);
}

const eventOf: Readonly<
  Record<RequestOutcome["reason"], { readonly type: "Normal" | "Warning"; readonly reason: string }>
> = {
  [requestReasons.issued]: { type: "Normal", reason: "CertificateIssued" },
  [requestReasons.pending]: { type: "Normal", reason: "Pending" },
  [requestReasons.failed]: { type: "Warning", reason: "Failed" },
  [requestReasons.denied]: { type: "Warning", reason: "Denied" },
};

/**
 * Applies everything that this controller says of a request in one write, guarded by the resourceVersion that was read:
 * names of requests are used again, and a late answer must not land on another request.
 */
async function answer(
  options: RequestReconcilerOptions,
  request: CertificateRequest & KubeObject,
  outcome: RequestOutcome,
  signal: AbortSignal,
): Promise<void> {
  const status = statusFor(request, outcome, options.now());
  if (status === undefined) return;
  const { resourceVersion } = request.metadata;
  try {
    await options.client.apply(
      certificateRequestResource,
      {
        apiVersion: "cert-manager.io/v1",
        kind: "CertificateRequest",
        metadata: { ...refOf(request), ...(resourceVersion === undefined ? {} : { resourceVersion }) },
        status,
      },
      { fieldManager, force: true, subresource: "status", signal },
    );
  } catch (error) {
    if (isNotFound(error)) return; // Deleted meanwhile: nobody waits for the answer.
    throw error;
  }
  options.events.record({ regarding: request, ...eventOf[outcome.reason], action: "Sign", note: outcome.message });
}

function refOf({ metadata: { name, namespace } }: CertificateRequest): {
  readonly name: string;
  readonly namespace: string;
} {
  return { name, namespace: namespace ?? "" };
}
