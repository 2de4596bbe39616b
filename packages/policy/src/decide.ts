import {
  checkAgainstProfile,
  quote,
  type CertificationRequest,
  type NameAttribute,
  type ProfileName,
  type Root,
  type SubjectAlternativeName,
  type Usage,
} from "@capstan/ca-core";
import type { CertificateAuthority } from "@capstan/api";
import { checkPathLength, maxPathLengthOf } from "./check-ca-certificate.ts";
import { grantDuration } from "./check-duration.ts";
import { checkNames } from "./check-names.ts";
import { checkRequester, type Requester } from "./check-requester.ts";
import { allowedUsages, checkUsages, grantUsages } from "./check-usages.ts";
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
  readonly requester: Requester;
  readonly issuer: { readonly kind: "CapstanIssuer" | "CapstanClusterIssuer"; readonly spec: IssuerSpec };
  readonly authority: CertificateAuthority["spec"];
  /** The root that would sign; where it is not known, what depends on it is not checked. */
  readonly root?: Pick<Root, "subject" | "pathLength"> | undefined;
  /** As in ca-core's checkAgainstProfile. Default: no key is blocked. */
  readonly isBlockedKey?: ((sha256OfSpki: string) => boolean) | undefined;
}

/** All that may go into the leaf beside its public key; nothing else of the request may. */
export interface GrantedLeaf {
  readonly profile: ProfileName;
  /** In the order of the request. */
  readonly subject: readonly NameAttribute[];
  /** The Name as it was sent, DER, which profile General keeps. */
  readonly subjectDer: Uint8Array;
  /** In the order of the request. */
  readonly subjectAlternativeNames: readonly SubjectAlternativeName[];
  readonly usages: readonly Usage[];
  readonly isCa: boolean;
  /** pathLen of a CA certificate; absent for every other. */
  readonly pathLength?: number;
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
 * the bounds of its authority and of the profile. Reports every violation at once, or grants what the leaf may hold. Without
 * the conditions in CEL: those are decideFully's.
 *
 * @example
 * const decision = decide({ request, asked, requester: { namespace: "demo", namespaceLabels }, issuer, authority, root });
 */
export function decide(question: PolicyQuestion): PolicyDecision {
  const { request, asked, requester, issuer, authority, root, isBlockedKey } = question;
  const { profile } = issuer.spec;
  const { isCa } = asked;
  const allowed = allowedUsages(authority.issuance.usages, issuer.spec.usages);
  const maxPathLength = maxPathLengthOf({ issuer: issuer.spec, authority, root });
  const duration = grantDuration({ askedMs: asked.durationMs, issuer, maximum: authority.maxLeafDuration });
  const violations: PolicyViolation[] = [
    ...checkProfileFits(question),
    ...checkRequester(question),
    ...checkAgainstProfile({
      profile,
      request,
      usages: asked.usages,
      isCa,
      allowedUsages: allowed,
      allowCa: maxPathLength !== undefined,
      ...(root === undefined ? {} : { root }),
      ...(isBlockedKey === undefined ? {} : { isBlockedKey }),
    }),
    ...checkKeyAlgorithm(question),
    ...checkNames({ request, known: requester, issuer }),
    ...checkUsages({ profile, request, asked: asked.usages, isCa, allowed }),
    ...checkPathLength(request, maxPathLength),
    ...(duration.ok ? [] : [duration.violation]),
  ];
  const [first, ...rest] = violations;
  if (first !== undefined) return { ok: false, violations: [first, ...rest] };
  // Without a duration there is a violation.
  if (!duration.ok) return { ok: false, violations: [duration.violation] };
  const pathLength = request.requested.pathLength ?? maxPathLength;
  return {
    ok: true,
    value: {
      profile,
      subject: request.subject,
      subjectDer: request.subjectDer,
      subjectAlternativeNames: request.subjectAlternativeNames,
      usages: grantUsages({ profile, asked: asked.usages }),
      isCa,
      ...(isCa && pathLength !== undefined ? { pathLength } : {}),
      durationMs: duration.durationMs,
      notes: [...duration.notes, ...noteOnNames(request, profile)],
    },
  };
}

/** Every leaf under a trust anchor is an AWS credential, so General, which AWS reads otherwise than we do, has no place there. */
export function profileFits(profile: ProfileName, authority: CertificateAuthority["spec"]): boolean {
  return profile === "RolesAnywhere" || (authority.trustAnchors ?? []).length === 0;
}

function checkProfileFits({ issuer, authority }: PolicyQuestion): PolicyViolation[] {
  if (profileFits(issuer.spec.profile, authority)) return [];
  return [
    {
      code: "ERR_POLICY_SETTING",
      field: `${issuer.kind}: spec.profile`,
      rule: "General is for authorities without trust anchors alone",
    },
  ];
}

function checkKeyAlgorithm({ request, issuer }: PolicyQuestion): PolicyViolation[] {
  const { algorithm } = request.publicKey;
  const allowed = issuer.spec.keyAlgorithms;
  if (allowed === undefined || allowed.some((one) => one === algorithm)) return [];
  return [
    {
      code: "ERR_POLICY_KEY",
      field: "spec.request: public key",
      rule: `spec.keyAlgorithms of the ${issuer.kind} does not allow keys of type ${quote(algorithm)}`,
      cure: `use one of ${allowed.join(", ")} (privateKey.algorithm and privateKey.size of a Certificate)`,
    },
  ];
}
