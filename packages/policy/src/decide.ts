import {
  checkAgainstProfile,
  type CertificationRequest,
  type NameAttribute,
  type SubjectAlternativeName,
  type Usage,
} from "@capstan/ca-core";
import type { CertificateAuthority } from "@capstan/api";
import { grantDuration } from "./check-duration.ts";
import { checkNames } from "./check-names.ts";
import { checkUsages, grantUsages } from "./check-usages.ts";
import { formatSelector, selects } from "./label-selector.ts";
import type { IssuerSpec } from "./name-rules.ts";
import { noteOnNames } from "./notes.ts";
import type { PolicyViolation } from "./policy-violation.ts";

export interface PolicyQuestion {
  /** The checked PKCS#10 request. */
  readonly request: CertificationRequest;
  /** The rest of the CertificateRequest's spec. */
  readonly asked: {
    /** `spec.duration` in milliseconds; absent when the request has none. */
    readonly durationMs?: number | undefined;
    readonly usages: readonly string[];
    readonly isCa: boolean;
  };
  /** What the platform attests about the requester: the namespace that the request lies in. */
  readonly requester: {
    readonly namespace: string;
    readonly namespaceLabels: Readonly<Record<string, string>>;
  };
  readonly issuer: { readonly kind: "CapstanIssuer" | "CapstanClusterIssuer"; readonly spec: IssuerSpec };
  readonly authority: CertificateAuthority["spec"];
}

/** All that may go into the leaf beside its public key; nothing else of the request may. */
export interface GrantedLeaf {
  /** In the order of the request. */
  readonly subject: readonly NameAttribute[];
  /** In the order of the request. */
  readonly subjectAlternativeNames: readonly SubjectAlternativeName[];
  readonly usages: readonly Usage[];
  /** Never over the authority's maxLeafDuration; the end of the root may cut it further. */
  readonly durationMs: number;
  /** What the requester should know about a leaf that is not quite what was asked for; sentences without a full stop. */
  readonly notes: readonly string[];
}

export type PolicyDecision =
  | { readonly ok: true; readonly value: GrantedLeaf }
  | { readonly ok: false; readonly violations: readonly [PolicyViolation, ...PolicyViolation[]] };

/**
 * Whether this requester may have this leaf. Closed by default: every name must be allowed by a rule of the issuer, within
 * the bounds of its authority and of the profile. Reports every violation at once, or grants what the leaf may hold.
 */
export function decide(question: PolicyQuestion): PolicyDecision {
  const { request, asked, requester, issuer, authority } = question;
  const allowed = authority.issuance.usages;
  const duration = grantDuration({ askedMs: asked.durationMs, issuer, maximum: authority.maxLeafDuration });
  const violations: PolicyViolation[] = [
    ...checkNamespace(question),
    ...checkAgainstProfile({ request, usages: asked.usages, isCa: asked.isCa, allowedUsages: allowed }),
    ...checkNames({ request, namespace: requester.namespace, issuer }),
    ...checkUsages({ request, asked: asked.usages, allowed }),
    ...(duration.ok ? [] : [duration.violation]),
  ];
  const [first, ...rest] = violations;
  if (first !== undefined) return { ok: false, violations: [first, ...rest] };
  // Without a duration there is a violation.
  if (!duration.ok) return { ok: false, violations: [duration.violation] };
  return {
    ok: true,
    value: {
      subject: request.subject,
      subjectAlternativeNames: request.subjectAlternativeNames,
      usages: grantUsages(asked.usages),
      durationMs: duration.durationMs,
      notes: [...duration.notes, ...noteOnNames(request)],
    },
  };
}

function checkNamespace({ requester, authority }: PolicyQuestion): PolicyViolation[] {
  const { namespaces } = authority.issuance;
  if (selects(namespaces, requester.namespaceLabels)) return [];
  return [
    {
      code: "ERR_POLICY_NAMESPACE",
      field: "metadata.namespace",
      rule: `the authority does not issue to namespace ${requester.namespace}: its labels do not match ${formatSelector(namespaces)}`,
      cure: "have an administrator label the namespace",
    },
  ];
}
