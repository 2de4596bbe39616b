import { checkAgainstProfile, type CertificationRequest, type SanKind } from "@capstan/ca-core";
import type { CertificateAuthority } from "@capstan/api";
import { readSetting } from "./check-duration.ts";
import { selectorFaults } from "./label-selector.ts";
import { nameRules, type IssuerSpec, type NameRule } from "./name-rules.ts";
import { exampleOf, parsePattern, type Pattern } from "./pattern.ts";
import type { PolicyViolation } from "./policy-violation.ts";

/**
 * What is wrong with an issuer whatever the request: patterns that are none or can match nothing that the profile lets
 * pass, and settings that disagree with its authority's. For the issuer's Ready condition; an empty list means none.
 */
export function validateIssuer(spec: IssuerSpec, authority?: CertificateAuthority["spec"]): readonly PolicyViolation[] {
  return [...validatePatterns(spec), ...validateDuration(spec, authority), ...validateNamespaces(authority)];
}

function validatePatterns({ policy }: IssuerSpec): PolicyViolation[] {
  return nameRules.flatMap(({ rule, place, kind }) =>
    (policy[rule]?.allow ?? []).flatMap((text, index): PolicyViolation[] => {
      const field = `spec.policy.${rule}.allow[${index}]`;
      const parsed = parsePattern(text);
      if (!parsed.ok) return [{ code: "ERR_POLICY_SETTING", field, ...parsed.fault }];
      const [fault] = faultsOfExample(parsed.pattern, place, kind);
      if (fault === undefined) return [];
      return [{ code: "ERR_POLICY_SETTING", field, rule: `it can never match: ${fault.rule}` }];
    }),
  );
}

/** Holds nothing but the name that is asked about. */
const emptyRequest: CertificationRequest = {
  subject: [],
  sharedRdnTypes: [],
  subjectDer: new Uint8Array(),
  subjectAlternativeNames: [],
  publicKey: { algorithm: "RSA-2048", spki: new Uint8Array(), sha256: "" },
  requested: {},
  ignored: [],
};

/**
 * Asks the profile about the plainest name that the pattern matches. An "a" in place of a * breaks no rule for any kind of
 * name, so whatever the profile finds lies in the rest of the pattern.
 */
function faultsOfExample(pattern: Pattern, place: NameRule["place"], kind: string): readonly PolicyViolation[] {
  const value = exampleOf(pattern);
  const request =
    place === "subject"
      ? { ...emptyRequest, subject: [{ type: kind, oid: "", value }] }
      : { ...emptyRequest, subjectAlternativeNames: [{ kind: kind as SanKind, value }] };
  // That a certificate with nothing but a subject alternative name has no subject is not the pattern's fault.
  return checkAgainstProfile({ request }).filter(({ code }) => code !== "ERR_NAME_EMPTY");
}

function validateDuration(spec: IssuerSpec, authority: CertificateAuthority["spec"] | undefined): PolicyViolation[] {
  const field = "spec.defaultDuration";
  const byDefault = readSetting(spec.defaultDuration, field);
  if (!byDefault.ok) return [byDefault.violation];
  if (authority === undefined) return [];
  const max = readSetting(authority.maxLeafDuration, "CertificateAuthority: spec.maxLeafDuration");
  if (!max.ok) return [max.violation];
  if (byDefault.durationMs <= max.durationMs) return [];
  const rule = `${spec.defaultDuration} is over the authority's maxLeafDuration of ${authority.maxLeafDuration}`;
  return [{ code: "ERR_POLICY_SETTING", field, rule, cure: `write ${authority.maxLeafDuration} or less` }];
}

function validateNamespaces(authority: CertificateAuthority["spec"] | undefined): PolicyViolation[] {
  if (authority === undefined) return [];
  return selectorFaults(authority.issuance.namespaces).map((rule) => ({
    code: "ERR_POLICY_SETTING",
    field: "CertificateAuthority: spec.issuance.namespaces",
    rule: `it selects no namespace: ${rule}`,
  }));
}
