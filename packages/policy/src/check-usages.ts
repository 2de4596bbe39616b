import { PROFILES, usagesOf, type CertificationRequest, type ProfileName, type Usage, quote } from "@capstan/ca-core";
import type { PolicyViolation } from "./policy-violation.ts";

/** cert-manager's second names, each for the same bit or object identifier as the first. */
const secondNames: { readonly [name in Usage]?: Usage } = {
  signing: "digital signature",
  "email protection": "s/mime",
};

interface UsageSetting {
  readonly profile: ProfileName;
  /** `spec.usages` of the CertificateRequest. */
  readonly asked: readonly string[];
}

/**
 * What the profile leaves open about usages: that cert-manager's default, which nobody wrote, is within the bounds too,
 * and that the PKCS#10 request asks for no more than `spec.usages`, which is what was approved.
 */
export function checkUsages(
  question: UsageSetting & {
    readonly request: Pick<CertificationRequest, "requested">;
    readonly isCa: boolean;
    /** What authority and issuer allow. */
    readonly allowed: readonly Usage[];
  },
): readonly PolicyViolation[] {
  return [...checkDefault(question), ...checkExtensions(question)];
}

/** The usages that both the authority and the issuer allow; an issuer that lists none allows the authority's. */
export function allowedUsages(authority: readonly Usage[], issuer: readonly Usage[] | undefined): readonly Usage[] {
  if (issuer === undefined) return authority;
  const narrower = new Set(issuer.map(firstName));
  return authority.filter((usage) => narrower.has(firstName(usage)));
}

/**
 * The usages of the leaf: what was asked or cert-manager's default. In profile RolesAnywhere digital signature too, without
 * which AWS refuses a certificate (AWS: "Trust model in IAM Roles Anywhere").
 */
export function grantUsages({ profile, asked }: UsageSetting): readonly Usage[] {
  const usages = usagesOf(asked).map(firstName);
  return [...new Set<Usage>([...alwaysGranted(profile).filter((usage) => !usages.includes(usage)), ...usages])];
}

function firstName(usage: Usage): Usage {
  return secondNames[usage] ?? usage;
}

function alwaysGranted(profile: ProfileName): readonly Usage[] {
  return PROFILES[profile].needsDigitalSignature ? ["digital signature"] : [];
}

function checkDefault({
  profile,
  asked,
  allowed,
}: UsageSetting & { readonly allowed: readonly Usage[] }): PolicyViolation[] {
  if (asked.length > 0) return [];
  const granted = grantUsages({ profile, asked });
  const always = new Set([...alwaysGranted(profile), ...allowed.map(firstName)]);
  const refused = granted.filter((usage) => !always.has(usage));
  if (refused.length === 0) return [];
  return [
    {
      code: "ERR_USAGE_NOT_ALLOWED",
      field: "spec.usages",
      rule: `none are given, which means ${granted.join(" and ")}, and the allowed ones lack ${refused.join(", ")}`,
      cure: `list the usages, out of: ${[...always].join(", ")}`,
    },
  ];
}

function checkExtensions(
  question: UsageSetting & { readonly request: Pick<CertificationRequest, "requested">; readonly isCa: boolean },
): PolicyViolation[] {
  const { requested } = question.request;
  const granted: ReadonlySet<string> = new Set<Usage>([
    ...grantUsages(question),
    // cert-manager asks for it with isCA, whatever spec.usages says.
    ...(question.isCa ? (["cert sign"] as const) : []),
  ]);
  const outside = (extension: "keyUsage" | "extendedKeyUsage", asked: readonly string[]): PolicyViolation[] =>
    asked
      .filter((name) => !granted.has(firstName(name as Usage)))
      .map((name) => ({
        code: "ERR_POLICY_USAGE",
        field: `spec.request: ${extension}`,
        rule: `${quote(name)} is not in spec.usages`,
        cure: "make the two agree, or leave the extension out of the request",
      }));
  return [
    ...outside("keyUsage", requested.keyUsages ?? []),
    ...outside("extendedKeyUsage", requested.extendedKeyUsages ?? []),
  ];
}
