import type { CertificateAuthority } from "@capstan/api";
import { attestRequester, type RequestMaker, type RequestPlace } from "./attest-requester.ts";
import type { CelEvaluator } from "./cel/cel-evaluator.ts";
import { celInputOf } from "./cel/cel-input.ts";
import { checkValidations, evaluateValidations, type PlacedValidations } from "./cel/validations.ts";
import { readSetting } from "./check-duration.ts";
import type { Requester } from "./check-requester.ts";
import { grantUsages } from "./check-usages.ts";
import { decide, type PolicyDecision, type PolicyQuestion } from "./decide.ts";
import type { IssuerSpec } from "./name-rules.ts";
import type { PolicyViolation } from "./policy-violation.ts";
import { validateIssuer } from "./validate-issuer.ts";
import { webhookFaults, webhooksThatSkip, type WebhookConfiguration } from "./webhook-configurations.ts";

export interface RequestQuestion extends Omit<PolicyQuestion, "requester"> {
  readonly maker: RequestMaker;
  readonly place: RequestPlace;
  /** Service accounts that make requests for others. Default: defaultProxies. */
  readonly proxies?: readonly string[] | undefined;
  /** Labels of a namespace, as they are now; undefined when it does not exist, which is a namespace without labels. */
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>> | undefined;
  /** Every MutatingWebhookConfiguration and ValidatingWebhookConfiguration, or those of cert-manager. */
  readonly webhooks: readonly WebhookConfiguration[];
}

/**
 * Everything that is decided of a request, for the controller and for a dry run alike: who asks, what policy says of it
 * (`decide`), and what the conditions in CEL say. Reports every violation at once, or grants what the leaf may hold.
 *
 * @example
 * const decision = await decideFully({ request, asked, maker, place, namespaceLabels, webhooks, issuer, authority }, evaluator);
 * if (!decision.ok) console.log(formatViolations(decision.violations));
 */
export async function decideFully(question: RequestQuestion, evaluator: CelEvaluator): Promise<PolicyDecision> {
  const { maker } = question;
  const requester = requesterOf(question);
  const decision = decide({ ...question, requester });
  const lists = validationsOf(question.issuer, question.authority);
  if (lists.length === 0) return decision;
  const input = celInputOf({ ...askedOf(question, decision), requester, ...maker });
  const [first, ...rest] = [
    ...(decision.ok ? [] : decision.violations),
    ...checkOneCommonName(question),
    ...(await evaluateValidations(lists, input, evaluator)),
  ];
  return first === undefined ? decision : { ok: false, violations: [first, ...rest] };
}

/**
 * `validateIssuer`, its conditions in CEL, and whether cert-manager's webhooks are in place, without which nobody's requests
 * are attested: for the issuer's Ready condition.
 *
 * @example
 * const faults = await validateIssuerFully({ issuer, authority: authority.spec, webhooks }, evaluator);
 */
export async function validateIssuerFully(
  question: {
    readonly issuer: Pick<PolicyQuestion["issuer"], "kind" | "spec">;
    readonly authority?: CertificateAuthority["spec"] | undefined;
    readonly webhooks: readonly WebhookConfiguration[];
  },
  evaluator: CelEvaluator,
): Promise<readonly PolicyViolation[]> {
  const { issuer, authority, webhooks } = question;
  return [
    ...validateIssuer(issuer.spec, authority),
    ...(await checkValidations(validationsOf(issuer, authority), evaluator)),
    ...webhookFaults(webhooks).map((rule): PolicyViolation => ({
      code: "ERR_POLICY_WEBHOOK",
      field: "cert-manager",
      rule,
    })),
  ];
}

function requesterOf({ maker, place, proxies, namespaceLabels, webhooks }: RequestQuestion): Requester {
  const attested = attestRequester(maker, place, proxies);
  const labels = attested.namespace === undefined ? {} : (namespaceLabels(attested.namespace) ?? {});
  return {
    ...attested,
    namespaceLabels: labels,
    unseenBy: place.kind === "CertificateRequest" ? webhooksThatSkip(webhooks, labels) : [],
  };
}

function validationsOf(
  { kind, spec }: { readonly kind: string; readonly spec: IssuerSpec },
  authority: CertificateAuthority["spec"] | undefined,
): readonly PlacedValidations[] {
  return [
    {
      owner: "CertificateAuthority",
      path: "spec.issuance.validations",
      validations: authority?.issuance.validations ?? [],
    },
    {
      owner: kind,
      path: "spec.validations",
      // A CapstanIssuer's schema has none: its author is not the cluster's administrator.
      validations: kind === "CapstanClusterIssuer" ? (spec.validations ?? []) : [],
    },
  ].filter(({ validations }) => validations.length > 0);
}

/** `request.commonName` is one text: a further common name, which profile General can have, would pass every condition unseen. */
function checkOneCommonName({ request }: Pick<RequestQuestion, "request">): readonly PolicyViolation[] {
  const count = request.subject.filter(({ type }) => type === "CN").length;
  if (count <= 1) return [];
  const rule = `${count} common names, and the conditions that hold here see one`;
  return [{ code: "ERR_POLICY_VALIDATION", field: "spec.request: subject.CN", rule, cure: "ask for one" }];
}

/** What the leaf would hold; of a request that is refused already, what it asks for. */
function askedOf(
  { request, asked, issuer }: RequestQuestion,
  decision: PolicyDecision,
): Pick<Parameters<typeof celInputOf>[0], "request" | "usages" | "durationMs" | "isCa"> {
  if (decision.ok) return { ...decision.value, request };
  const byDefault = readSetting(issuer.spec.defaultDuration, "spec.defaultDuration");
  const durationMs = asked.durationMs ?? (byDefault.ok ? byDefault.durationMs : 0);
  return {
    request,
    usages: grantUsages({ profile: issuer.spec.profile, asked: asked.usages }),
    durationMs: Number.isSafeInteger(durationMs) ? durationMs : 0,
    isCa: asked.isCa,
  };
}
