import type { CertificateAuthority } from "@capstan/api";
import { type CertificationRequest, checkCertificationRequest, formatViolations, type Root } from "@capstan/ca-core";
import { type CelEvaluator, decideFully, type GrantedLeaf, type WebhookConfiguration } from "@capstan/policy";
import type { Issuer } from "../issuers/issuer-kinds.ts";
import { NotYet } from "../requests/not-yet.ts";
import type { Issuance } from "./issuance.ts";
import { checkLedgerSize } from "./ledger-record.ts";
import type { AskedLeaf } from "./released-before.ts";
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

export type Granted =
  | { readonly ok: true; readonly value: Grant }
  | {
      readonly ok: false;
      readonly violations: readonly RequestViolation[];
      /** What was asked for, where it could be read. */
      readonly asked?: AskedLeaf;
    };

/**
 * Strict parse, policy and the ledger's bounds: what may go into the leaf, or every reason why there is none.
 *
 * @throws {NotYet} when a condition of the policy could not be evaluated this time
 */
export async function grant(
  { issuance, issuer, authority, namespaceLabels, webhooks }: SigningQuestion,
  root: Root,
  cel: CelEvaluator,
  isBlockedKey: (sha256OfSpki: string) => boolean,
): Promise<Granted> {
  const parsed = checkCertificationRequest(issuance.csr);
  if (!parsed.ok) return { ok: false, violations: [...issuance.faults, ...parsed.violations] };
  const decision = await decideFully(
    {
      request: parsed.value,
      asked: { usages: issuance.usages, isCa: issuance.isCa, durationMs: issuance.durationMs },
      maker: issuance.requester,
      place: issuance.place,
      proxies: issuance.proxies,
      namespaceLabels: () => namespaceLabels,
      webhooks,
      issuer: { kind: issuance.issuer.kind, spec: issuer.spec },
      authority: authority.spec,
      root,
      isBlockedKey,
    },
    cel,
  );
  const violations: readonly RequestViolation[] = [
    ...issuance.faults,
    ...(decision.ok ? checkLedgerSize(decision.value) : decision.violations),
  ];
  if (violations.length > 0 && violations.every(({ code }) => code === "ERR_POLICY_VALIDATION_ABORTED")) {
    throw new NotYet(formatViolations(violations));
  }
  if (violations.length > 0 || !decision.ok) return { ok: false, violations, asked: parsed.value };
  return { ok: true, value: { leaf: decision.value, parsed: parsed.value } };
}
