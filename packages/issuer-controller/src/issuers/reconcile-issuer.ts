import { isDeepStrictEqual } from "node:util";
import { apiVersion, type CertificateAuthority, type Condition, issuerReasons } from "@capstan/api";
import { type KubeClient, type ReadonlyStore, type Reconciler, setCondition } from "@capstan/kube";
import { type CelEvaluator, validateIssuerFully } from "@capstan/policy";
import type { Attempts } from "../requests/attempts.ts";
import type { LooksUnderWay } from "../requests/looks-under-way.ts";
import { IssuerBroken, NotYet } from "../requests/not-yet.ts";
import { fieldManager } from "../requests/reconcile-request.ts";
import type { BrokenIssuers } from "./broken-issuers.ts";
import { checkIssuer } from "./check-issuer.ts";
import { type Issuer, type IssuerKind, issuerResourceOf } from "./issuer-kinds.ts";
import { quotaNote } from "./quota-note.ts";
import type { Webhooks } from "./webhooks.ts";

/** How often an issuer that can sign is asked whether it still can. */
const recheckMs = 10 * 60_000;

export interface IssuerReconcilerOptions {
  readonly client: KubeClient;
  readonly kind: IssuerKind;
  readonly issuers: ReadonlyStore<Issuer>;
  readonly authorities: ReadonlyStore<CertificateAuthority>;
  readonly webhooks: Webhooks;
  readonly cel: CelEvaluator;
  /** Rejects with IssuerBroken or NotYet when the authority's active key does not sign. */
  readonly probe: (authority: CertificateAuthority, signal: AbortSignal) => Promise<void>;
  /** What attempts to sign have found out. */
  readonly broken: BrokenIssuers;
  readonly underWay: LooksUnderWay;
  /** How long after its leaf's end a ledger record is kept, in milliseconds. */
  readonly ledgerRetentionMs: number;
  /** When an issuer whose key does not sign is looked at again. */
  readonly attempts: Attempts;
  readonly now: () => Date;
  /** In [0, 1). Default: Math.random. */
  readonly random?: () => number;
}

type Verdict = Pick<Condition, "type" | "status" | "reason" | "message">;

/**
 * Keeps an issuer's Ready condition true to its policy, its authority, and whether that can sign: asked anew every ten
 * minutes, each issuer at its own time, and sooner while it cannot.
 */
export function issuerReconciler(options: IssuerReconcilerOptions): Reconciler {
  const { client, kind, issuers, authorities, webhooks, cel, broken, attempts, now, random = Math.random } = options;
  return async (key, signal) => {
    const issuer = issuers.get(key);
    if (issuer === undefined || issuer.metadata.deletionTimestamp !== undefined) {
      attempts.forget(key);
      return {};
    }
    const { name, namespace, generation: observedGeneration = 0 } = issuer.metadata;
    const authority = authorities.get(issuer.spec.caRef.name);
    const report = broken.take({ kind, namespace, name });
    const question = { issuer: { kind, spec: issuer.spec }, authority: authority?.spec, webhooks: webhooks.list() };
    const faults = await validateIssuerFully(question, cel);
    const byItself = checkIssuer(issuer, authority, faults, quotaNote(issuer, options.ledgerRetentionMs));
    const verdict =
      byItself.status === "True" && authority !== undefined
        ? await judge(options, { authority, byItself, report }, signal)
        : byItself;
    const status = {
      ...(await standStill(options, authority)),
      observedGeneration,
      conditions: setCondition(
        issuer.status?.conditions ?? [],
        { ...verdict, observedGeneration },
        now().getTime(),
      ).filter(({ type }) => type === verdict.type),
    };
    if (!isSaid(issuer, status)) {
      await client.apply(
        issuerResourceOf(kind),
        { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, status },
        { fieldManager, force: true, subresource: "status", signal },
      );
    }
    if (verdict === byItself) {
      attempts.forget(key);
      // What is wrong with policy or authority heals by a change, which wakes us.
      return verdict.status === "True" ? { requeueAfterMs: recheckMs * (0.8 + 0.4 * random()) } : {};
    }
    const next = attempts.fail(key, { isPatient: true });
    return { requeueAfterMs: next === "give up" ? recheckMs : next };
  };
}

/**
 * While the authority holds issuing, says so once nothing is under way any more that began before this process knew of it:
 * whatever begins from now on sees the hold.
 */
async function standStill(
  { underWay }: IssuerReconcilerOptions,
  authority: CertificateAuthority | undefined,
): Promise<Pick<NonNullable<Issuer["status"]>, "standsStill">> {
  const { frozen } = authority?.status ?? {};
  if (authority === undefined || frozen === undefined) return {};
  await underWay.allEnded();
  return { standsStill: { authority: authority.metadata.name, order: frozen.order } };
}

/** Whether the authority signs; what a request has found out counts until the next look. */
async function judge(
  { probe }: IssuerReconcilerOptions,
  facts: { readonly authority: CertificateAuthority; readonly byItself: Verdict; readonly report: string | undefined },
  signal: AbortSignal,
): Promise<Verdict> {
  const { authority, byItself, report } = facts;
  const no = (reason: string, message: string): Verdict => ({ type: "Ready", status: "False", reason, message });
  if (report !== undefined) return no(issuerReasons.signingFailed, report);
  try {
    await probe(authority, signal);
    return byItself;
  } catch (error) {
    if (error instanceof IssuerBroken || error instanceof NotYet) return no(issuerReasons.keyUnusable, error.message);
    throw error;
  }
}

function isSaid(issuer: Issuer, next: NonNullable<Issuer["status"]>): boolean {
  const { observedGeneration, standsStill, conditions = [] } = issuer.status ?? {};
  return (
    observedGeneration === next.observedGeneration &&
    isDeepStrictEqual(standsStill, next.standsStill) &&
    (next.conditions ?? []).every((condition) => conditions.some((one) => isDeepStrictEqual(one, condition)))
  );
}
