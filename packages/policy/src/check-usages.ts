import { usagesOf, type CertificationRequest, type Usage, quote } from "@capstan/ca-core";
import type { PolicyViolation } from "./policy-violation.ts";

/**
 * What the profile leaves open about usages: that cert-manager's default, which nobody wrote, is within the authority's
 * bounds too, and that the PKCS#10 request asks for no more than `spec.usages`, which is what was approved.
 */
export function checkUsages(question: {
  readonly request: CertificationRequest;
  /** `spec.usages` of the CertificateRequest. */
  readonly asked: readonly string[];
  /** `spec.issuance.usages` of the CertificateAuthority. */
  readonly allowed: readonly Usage[];
}): readonly PolicyViolation[] {
  const { request, asked, allowed } = question;
  const granted = grantUsages(asked);
  return [...checkDefault(asked, granted, allowed), ...checkExtensions(request, granted)];
}

/**
 * The usages of the leaf: what was asked or cert-manager's default, and always digital signature, without which IAM Roles
 * Anywhere refuses a certificate (AWS: "Trust model in IAM Roles Anywhere").
 */
export function grantUsages(asked: readonly string[]): readonly Usage[] {
  // cert-manager's second name for the same bit.
  const usages = usagesOf(asked).map((usage) => (usage === "signing" ? "digital signature" : usage));
  return [...new Set<Usage>(usages.includes("digital signature") ? usages : ["digital signature", ...usages])];
}

function checkDefault(
  asked: readonly string[],
  granted: readonly Usage[],
  allowed: readonly Usage[],
): PolicyViolation[] {
  if (asked.length > 0) return [];
  const always = new Set<Usage>(["digital signature", ...allowed]);
  const refused = granted.filter((usage) => !always.has(usage));
  if (refused.length === 0) return [];
  return [
    {
      code: "ERR_USAGE_NOT_ALLOWED",
      field: "spec.usages",
      rule: `none are given, which means ${granted.join(" and ")}, and the authority does not allow ${refused.join(", ")}`,
      cure: `list the usages, out of: ${[...always].join(", ")}`,
    },
  ];
}

function checkExtensions({ requested }: CertificationRequest, granted: readonly Usage[]): PolicyViolation[] {
  const names: ReadonlySet<string> = new Set(granted);
  const outside = (extension: "keyUsage" | "extendedKeyUsage", asked: readonly string[]): PolicyViolation[] =>
    asked
      .filter((name) => !names.has(name))
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
