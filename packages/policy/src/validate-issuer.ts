import type { CertificateAuthority } from "@capstan/api";
import { readSetting } from "./check-duration.ts";
import { allowedUsages } from "./check-usages.ts";
import { profileFits } from "./decide.ts";
import { selectorFaults } from "./label-selector.ts";
import type { IssuerSpec } from "./name-rules.ts";
import type { PolicyViolation } from "./policy-violation.ts";
import { validateRules } from "./validate-rules.ts";

/**
 * What is wrong with an issuer whatever the request: patterns that are none or can match nothing that the profile lets
 * pass, and settings that disagree with its authority's. For the issuer's Ready condition; an empty list means none. Without
 * the conditions in CEL: those are validateIssuerFully's.
 *
 * @example
 * const faults = validateIssuer(issuer.spec, authority.spec);
 */
export function validateIssuer(spec: IssuerSpec, authority?: CertificateAuthority["spec"]): readonly PolicyViolation[] {
  return [
    ...validateRules(spec),
    ...validateProfile(spec),
    ...validateDurations(spec, authority),
    ...validateQuota(spec),
    ...(authority === undefined ? [] : validateAgainstAuthority(spec, authority)),
  ];
}

function fault(field: string, rule: string, cure?: string): PolicyViolation {
  return { code: "ERR_POLICY_SETTING", field, rule, ...(cure === undefined ? {} : { cure }) };
}

/** What the schema refuses too: objects may be older than it. */
function validateProfile(spec: IssuerSpec): PolicyViolation[] {
  if (spec.profile === "General") return [];
  const of = (field: string): PolicyViolation => fault(field, "only profile General has it", "leave it out");
  return [
    ...(spec.caCertificates === undefined ? [] : [of("spec.caCertificates")]),
    ...(spec.keyAlgorithms?.includes("Ed25519") === true ? [of("spec.keyAlgorithms: Ed25519")] : []),
  ];
}

function validateDurations(spec: IssuerSpec, authority: CertificateAuthority["spec"] | undefined): PolicyViolation[] {
  const byDefault = readSetting(spec.defaultDuration, "spec.defaultDuration");
  if (!byDefault.ok) return [byDefault.violation];
  const bounds = [
    ...(spec.maxDuration === undefined ? [] : [["spec.maxDuration", "maxDuration", spec.maxDuration] as const]),
    ...(authority === undefined
      ? []
      : [
          [
            "CertificateAuthority: spec.maxLeafDuration",
            "the authority's maxLeafDuration",
            authority.maxLeafDuration,
          ] as const,
        ]),
  ];
  return bounds.flatMap(([field, noun, text]): PolicyViolation[] => {
    const max = readSetting(text, field);
    if (!max.ok) return [max.violation];
    if (byDefault.durationMs <= max.durationMs) return [];
    return [
      fault("spec.defaultDuration", `${spec.defaultDuration} is over ${noun} of ${text}`, `write ${text} or less`),
    ];
  });
}

function validateQuota({ quota }: IssuerSpec): PolicyViolation[] {
  if (quota === undefined) return [];
  const field = "spec.quota.perNamespace.per";
  const per = readSetting(quota.perNamespace.per, field);
  if (!per.ok) return [per.violation];
  return per.durationMs > 0 ? [] : [fault(field, "it must be longer than nothing")];
}

function validateAgainstAuthority(spec: IssuerSpec, authority: CertificateAuthority["spec"]): PolicyViolation[] {
  const { issuance } = authority;
  const faults: PolicyViolation[] = selectorFaults(issuance.namespaces).map((rule) =>
    fault("CertificateAuthority: spec.issuance.namespaces", `it selects no namespace: ${rule}`),
  );
  if (!profileFits(spec.profile, authority)) {
    faults.push(
      fault(
        "spec.profile",
        "General is for authorities without trust anchors alone: every leaf under one is an AWS credential",
        "write RolesAnywhere, or name another CertificateAuthority in spec.caRef",
      ),
    );
  }
  if (spec.caCertificates !== undefined && issuance.caCertificates === undefined) {
    faults.push(fault("spec.caCertificates", "the authority's issuance.caCertificates allows none"));
  }
  if (spec.clusterRequests === true && issuance.clusterRequests !== true) {
    faults.push(fault("spec.clusterRequests", "the authority's issuance.clusterRequests does not allow them"));
  }
  if (allowedUsages(issuance.usages, spec.usages).length === 0 && spec.usages !== undefined) {
    const rule = `the authority allows none of them, only ${issuance.usages.join(", ")}`;
    faults.push(fault("spec.usages", rule));
  }
  return faults;
}
