import { type CertificateAuthority, DurationError, failureReasons, parseDuration } from "@capstan/api";
import { formatViolations } from "@capstan/ca-core";
import {
  apiVersionOf,
  type EventRecorder,
  isConflict,
  isNotFound,
  KubeApiError,
  type KubeClient,
  KubeConnectionError,
  type KubeObject,
  type Logger,
  type ReadonlyStore,
  type ReconcileResult,
  type Reconciler,
  refOfKey,
} from "@capstan/kube";
import { type Issuer, type IssuerKind, type IssuerRef, storeKeyOf } from "../issuers/issuer-kinds.ts";
import type { Webhooks } from "../issuers/webhooks.ts";
import type { RequestMetrics } from "../metrics/request-metrics.ts";
import { assertHeard } from "../signing/silence.ts";
import { failureReasonOf, type RequestViolation } from "../signing/request-violation.ts";
import { signIssuance, type SignerOptions } from "../signing/sign-issuance.ts";
import type { Attempts } from "./attempts.ts";
import type { Grace } from "./grace.ts";
import type { LooksUnderWay } from "./looks-under-way.ts";
import { IssuerBroken, NotYet } from "./not-yet.ts";
import type { Outcome } from "./outcome.ts";
import type { RequestDecision } from "./request-decision.ts";
import type { RequestKind } from "./request-kind.ts";

/** Constant: a field manager's apply replaces what it applied before. */
export const fieldManager = "capstan-issuer-controller";

export interface RequestReconcilerOptions<R extends KubeObject> {
  readonly kind: RequestKind<R>;
  readonly client: KubeClient;
  readonly requests: ReadonlyStore<R>;
  readonly issuers: Readonly<Record<IssuerKind, ReadonlyStore<Issuer>>>;
  readonly authorities: ReadonlyStore<CertificateAuthority>;
  readonly namespaces: ReadonlyStore<KubeObject>;
  readonly webhooks: Webhooks;
  /** Milliseconds since the API server last gave a sign of life of namespaces and of webhooks, of whichever is silent longer. */
  readonly silentMs: () => number;
  readonly signer: SignerOptions;
  readonly attempts: Attempts;
  readonly grace: Grace;
  readonly events: EventRecorder;
  readonly metrics: RequestMetrics;
  /** An issuer that is to stand still waits for these. */
  readonly underWay: LooksUnderWay;
  /** Told when trying to sign proved that an issuer cannot. */
  readonly onBroken: (issuer: IssuerRef, message: string) => void;
  readonly now: () => Date;
  readonly log: Logger;
}

/** What is remembered of a request between two looks at it. */
interface Memory {
  readonly uid: string | undefined;
  /** The state that a final answer was applied to: while the cache still shows it, there is nothing to do. */
  answered?: string | undefined;
  /** What it was told last, for kinds whose status does not say so. */
  told?: Outcome["is"];
  hasWarning?: boolean;
}

/**
 * Answers requests of one kind that name an issuer of ours.
 *
 * Nothing is read before signing but the caches. That they may lag does no harm: the ledger's record is named by the
 * request's uid, and the answer is guarded by the resourceVersion that was decided on (docs/develop/issuing.md).
 */
export function requestReconciler<R extends KubeObject>(options: RequestReconcilerOptions<R>): Reconciler {
  const { requests, attempts, signer, log } = options;
  const memories = new Map<string, Memory>();

  const forget = (key: string, uid: string | undefined = memories.get(key)?.uid): void => {
    if (uid !== undefined) {
      signer.ledger.forget(uid);
      options.grace.forget(uid);
    }
    memories.delete(key);
    attempts.forget(key);
  };

  const look = async (key: string, signal: AbortSignal): Promise<ReconcileResult> => {
    const request = requests.get(key);
    if (request === undefined) {
      forget(key);
      return {};
    }
    if (memories.get(key)?.uid !== request.metadata.uid) forget(key);
    const { decision, issuerRef } = decide(options, request);
    if (decision.do === "ignore" || issuerRef === undefined) {
      if (decision.do === "ignore")
        log.debug({ ...refOf(request), uid: request.metadata.uid, why: decision.why }, "nothing to do for a request");
      forget(key, request.metadata.uid);
      return {};
    }
    const memory = memories.get(key) ?? { uid: request.metadata.uid };
    memories.set(key, memory);
    const { resourceVersion } = request.metadata;
    if (resourceVersion !== undefined && memory.answered === resourceVersion) return {};

    const tell = (outcome: Outcome): Promise<void> => answer(options, { request, memory, outcome }, signal);
    const tellAtLast = async (outcome: Outcome): Promise<ReconcileResult> => {
      await tell(outcome);
      memory.answered = resourceVersion;
      attempts.forget(key);
      return {};
    };
    switch (decision.do) {
      case "deny":
        return tellAtLast({ is: "Denied", message: `The ${request.kind} was denied by an approval controller` });
      case "fail":
        return tellAtLast({ is: "Failed", message: decision.message });
      case "refuse":
        return tellAtLast(refuse(options, request, decision.violations));
      case "wait":
        // Time without a Ready issuer is no time of failing.
        attempts.forget(key);
        await tell({ is: "Pending", message: decision.message });
        return {};
      case "sign":
        break;
    }
    let outcome: Outcome;
    try {
      outcome = await sign(options, { request, issuerRef, ...decision }, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const failure = explainFailure(error);
      log.warn({ ...refOf(request), uid: memory.uid, err: error }, "could not sign for a request");
      if (error instanceof IssuerBroken) options.onBroken(issuerRef, error.message);
      const next = attempts.fail(key, { ...failure, limitMs: retryLimitOf(decision.issuer) });
      if (next === "give up") {
        const message = `Tried for as long as the controller tries. At last: ${failure.message}`;
        return tellAtLast({ is: "Failed", reason: failureReasons.retryLimit, message });
      }
      await tell({ is: "Pending", message: `Waiting: ${failure.message}`, isWarning: failure.isWarning });
      return { requeueAfterMs: next };
    }
    return tellAtLast(outcome);
  };

  return async (key, signal) => {
    try {
      return await options.underWay.track(look(key, signal));
    } catch (error) {
      // Somebody else was faster: the next look, at once, decides anew.
      if (signal.aborted || isConflict(error)) throw error;
      // Only the answer can have failed, and a leaf may wait for it: no limit ends these tries.
      log.error(
        { ...refOfKey(key), uid: memories.get(key)?.uid, err: error },
        "could not answer a request: trying again",
      );
      const next = attempts.fail(key, { isPatient: true, leastMs: retryAfterOf(error) });
      return { requeueAfterMs: next === "give up" ? 0 : next };
    }
  };
}

function decide<R extends KubeObject>(
  { kind, issuers, authorities }: RequestReconcilerOptions<R>,
  request: R,
): { readonly decision: RequestDecision; readonly issuerRef: IssuerRef | undefined } {
  const issuerRef = kind.issuerOf(request);
  const issuer = issuerRef === undefined ? undefined : issuers[issuerRef.kind].get(storeKeyOf(issuerRef));
  const authority = issuer === undefined ? undefined : authorities.get(issuer.spec.caRef.name);
  return { decision: kind.decide({ request, issuer, authority }), issuerRef };
}

async function sign<R extends KubeObject>(
  options: RequestReconcilerOptions<R>,
  decided: {
    readonly request: R;
    readonly issuerRef: IssuerRef;
    readonly issuer: Issuer;
    readonly authority: CertificateAuthority;
  },
  signal: AbortSignal,
): Promise<Outcome> {
  const { kind, signer } = options;
  const { request, issuerRef, issuer, authority } = decided;
  assertHeard(options.silentMs(), "of namespaces and of cert-manager's webhooks");
  const refused = await kind.authorize?.(request, issuerRef, signal);
  if (refused !== undefined) return refused;
  const issuance = kind.issuanceOf(request, issuerRef);
  const namespaceLabels = labelsOf(options, issuance.attested.namespace);
  const webhooks = options.webhooks.list();
  const signed = await signIssuance(signer, { issuance, issuer, authority, namespaceLabels, webhooks }, signal);
  if (signed.ok) {
    const message = ["Certificate issued", ...signed.notes].join(". ");
    return { is: "Issued", message, certificate: signed.certificate, ca: signed.ca };
  }
  if ("refusal" in signed) return { is: "Failed", reason: failureReasons.recordRefused, message: signed.refusal };
  const { violations, asked } = signed;
  if (asked !== undefined) await options.grace.assertFinal({ issuance, violations, asked }, signal);
  return refuse(options, request, violations);
}

function refuse<R extends KubeObject>(
  { metrics, log }: RequestReconcilerOptions<R>,
  request: R,
  violations: readonly RequestViolation[],
): Outcome {
  const codes = [...new Set(violations.map(({ code }) => code))];
  log.info({ ...refOf(request), uid: request.metadata.uid, codes }, "refused a request");
  metrics.refused(codes);
  return { is: "Failed", reason: failureReasonOf(violations), message: formatViolations(violations) };
}

function labelsOf<R extends KubeObject>(
  { namespaces }: RequestReconcilerOptions<R>,
  namespace: string | undefined,
): Readonly<Record<string, string>> {
  if (namespace === undefined) return {};
  const found = namespaces.get(namespace);
  // The namespace exists, since something lies in it: without its labels nothing can be said about it, least of all a no.
  if (found === undefined) throw new NotYet(`namespace ${namespace} has not been seen yet`);
  return found.metadata.labels ?? {};
}

const eventOf: Readonly<
  Record<Outcome["is"], { readonly type: "Normal" | "Warning"; readonly reason: string; readonly note?: string }>
> = {
  // cert-manager's own words, which people grep for.
  Issued: { type: "Normal", reason: "CertificateIssued" },
  Pending: { type: "Normal", reason: "Pending" },
  Failed: { type: "Warning", reason: "Failed" },
  Denied: { type: "Warning", reason: "Denied" },
};

/**
 * Applies everything that this controller says of a request in one write, guarded by the resourceVersion that was read:
 * names of requests are used again, and a late answer must not land on another request. An event tells of a new state
 * alone, not of the same one in other words.
 */
async function answer<R extends KubeObject>(
  { kind, client, events, metrics, now }: RequestReconcilerOptions<R>,
  { request, memory, outcome }: { readonly request: R; readonly memory: Memory; readonly outcome: Outcome },
  signal: AbortSignal,
): Promise<void> {
  const status = kind.statusFor(request, outcome, now());
  if (status !== undefined) {
    const { resourceVersion } = request.metadata;
    try {
      await client.apply(
        kind.resource,
        {
          apiVersion: apiVersionOf(kind.resource),
          kind: kind.resource.kind,
          metadata: { ...refOf(request), ...(resourceVersion === undefined ? {} : { resourceVersion }) },
          status,
        },
        { fieldManager, force: true, subresource: "status", metadataOnly: true, signal },
      );
    } catch (error) {
      if (isNotFound(error)) return; // Deleted meanwhile: nobody waits for the answer.
      throw error;
    }
  }
  const before = kind.lastTold(request) ?? memory.told;
  const isWarning = outcome.is === "Pending" && outcome.isWarning === true;
  const isNew = before !== outcome.is || (isWarning && memory.hasWarning !== true);
  memory.told = outcome.is;
  memory.hasWarning = isWarning;
  if (!isNew) return;
  if (before !== outcome.is) metrics.told(request, kind.resource.kind, outcome.is);
  const event = isWarning ? ({ type: "Warning", reason: "PolicyRefuses" } as const) : eventOf[outcome.is];
  events.record({ regarding: request, ...event, action: "Sign", note: outcome.message });
}

/** What the requester is told of an attempt that failed, and how patient the next ones are. */
function explainFailure(error: unknown): {
  readonly message: string;
  readonly isPatient: boolean;
  readonly isWarning: boolean;
  readonly leastMs: number;
} {
  const isWarning = false;
  const leastMs = retryAfterOf(error);
  if (error instanceof NotYet) {
    const { message, isPatient, retryAfterMs = 0 } = error;
    return { message, isPatient, isWarning: error.isWarning, leastMs: retryAfterMs };
  }
  // It ends when the issuer is Ready again, and until then the request waits for that.
  if (error instanceof IssuerBroken) return { message: error.message, isPatient: true, isWarning, leastMs };
  if (error instanceof KubeApiError || error instanceof KubeConnectionError) {
    return { message: `the API server did not do its part: ${error.message}`, isPatient: false, isWarning, leastMs };
  }
  return { message: "an internal error, which the controller's log describes", isPatient: false, isWarning, leastMs };
}

/** The issuer's own limit, in milliseconds; undefined when it has none that can be read. */
function retryLimitOf({ spec: { retryLimit } }: Issuer): number | undefined {
  if (retryLimit === undefined) return undefined;
  try {
    return parseDuration(retryLimit);
  } catch (error) {
    // The schema lets no such text pass: an object may be older than it.
    if (error instanceof DurationError) return undefined;
    throw error;
  }
}

function retryAfterOf(error: unknown): number {
  return error instanceof KubeApiError ? (error.retryAfterMs ?? 0) : 0;
}

function refOf({ metadata: { name, namespace } }: KubeObject): { readonly name: string; readonly namespace?: string } {
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}
