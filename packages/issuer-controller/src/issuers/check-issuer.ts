import { type CertificateAuthority, type Condition, issuerReasons } from "@capstan/api";
import { validateIssuer, type WebhookConfiguration, webhookFaults } from "@capstan/policy";
import type { Issuer } from "./issuer-kinds.ts";

/** The Ready condition of an issuer, from its own policy, the state of its authority and cert-manager's webhooks. */
export function checkIssuer(
  issuer: Issuer,
  authority: CertificateAuthority | undefined,
  webhooks: readonly WebhookConfiguration[],
): Pick<Condition, "type" | "status" | "reason" | "message"> {
  const not = (reason: string, message: string) => ({ type: "Ready", status: "False", reason, message }) as const;
  const faults = validateIssuer(issuer.spec, authority?.spec);
  if (faults.length > 0) {
    return not(
      issuerReasons.invalidPolicy,
      faults.map(({ field, rule, cure }) => `${field}: ${rule}${cure === undefined ? "" : `; ${cure}`}`).join("\n"),
    );
  }
  const missing = webhookFaults(webhooks);
  if (missing.length > 0) return not(issuerReasons.webhooksMissing, missing.join("\n"));
  const name = `CertificateAuthority ${issuer.spec.caRef.name}`;
  if (authority === undefined || authority.metadata.deletionTimestamp !== undefined) {
    return not(issuerReasons.authorityMissing, `${name} does not exist`);
  }
  const ready = authority.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status !== "True" || authority.status?.activeGeneration === undefined) {
    return not(
      issuerReasons.authorityNotReady,
      `${name} is not ready${ready === undefined ? "" : `: ${ready.reason}: ${ready.message ?? ""}`}`,
    );
  }
  return {
    type: "Ready",
    status: "True",
    reason: issuerReasons.checked,
    message: `${name} signs with generation ${authority.status.activeGeneration}`,
  };
}
