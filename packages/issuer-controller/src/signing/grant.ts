import type { CertificateAuthority } from "@capstan/api";
import { type CertificationRequest, checkCertificationRequest, type Root } from "@capstan/ca-core";
import { decide, type GrantedLeaf, type Requester, type WebhookConfiguration, webhooksThatSkip } from "@capstan/policy";
import type { Issuer } from "../issuers/issuer-kinds.ts";
import type { Issuance } from "./issuance.ts";
import { checkLedgerSize } from "./ledger-record.ts";
import type { RequestViolation } from "./request-violation.ts";

/** All that is decided on. */
export interface SigningQuestion {
  readonly issuance: Issuance;
  readonly issuer: Issuer;
  readonly authority: CertificateAuthority;
  /** Labels of the issuance's namespace; empty when it has none. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** cert-manager's, as they are now. */
  readonly webhooks: readonly WebhookConfiguration[];
}

export interface Grant {
  readonly leaf: GrantedLeaf;
  readonly parsed: CertificationRequest;
}

/** Strict parse, policy and the ledger's bounds: what may go into the leaf, or every reason why there is none. */
export function grant(
  question: SigningQuestion,
  root: Root,
):
  | { readonly ok: true; readonly value: Grant }
  | { readonly ok: false; readonly violations: readonly RequestViolation[] } {
  const { issuance, issuer, authority } = question;
  const parsed = checkCertificationRequest(issuance.csr);
  if (!parsed.ok) return { ok: false, violations: [...issuance.faults, ...parsed.violations] };
  const decision = decide({
    request: parsed.value,
    asked: { usages: issuance.usages, isCa: issuance.isCa, durationMs: issuance.durationMs },
    requester: requesterOf(question),
    issuer: { kind: issuance.issuer.kind, spec: issuer.spec },
    authority: authority.spec,
    root,
  });
  const violations: readonly RequestViolation[] = [
    ...issuance.faults,
    ...(decision.ok ? checkLedgerSize(decision.value) : decision.violations),
  ];
  if (violations.length > 0 || !decision.ok) return { ok: false, violations };
  return { ok: true, value: { leaf: decision.value, parsed: parsed.value } };
}

function requesterOf({ issuance, namespaceLabels, webhooks }: SigningQuestion): Requester {
  const requester = { ...issuance.attested, namespaceLabels };
  // The API server itself writes down who makes a CertificateSigningRequest; of a CertificateRequest, a webhook does.
  if (issuance.requestKind === "CertificateSigningRequest") return requester;
  return { ...requester, unseenBy: webhooksThatSkip(webhooks, namespaceLabels) };
}
