import { type CertificateAuthority, type Condition, issuerReasons } from "@capstan/api";
import type { PolicyViolation } from "@capstan/policy";
import type { Issuer } from "./issuer-kinds.ts";

/** The Ready condition of an issuer, from what is wrong with its policy whatever the request, and its authority's state. */
export function checkIssuer(
  issuer: Issuer,
  authority: CertificateAuthority | undefined,
  faults: readonly PolicyViolation[],
  /** What its owner should know although it issues. */
  note?: string,
): Pick<Condition, "type" | "status" | "reason" | "message"> {
  const not = (reason: string, message: string) => ({ type: "Ready", status: "False", reason, message }) as const;
  if (faults.length > 0) {
    const isPolicys = faults.some(({ code }) => code !== "ERR_POLICY_WEBHOOK");
    return not(
      isPolicys ? issuerReasons.invalidPolicy : issuerReasons.webhooksMissing,
      faults.map(({ field, rule, cure }) => `${field}: ${rule}${cure === undefined ? "" : `; ${cure}`}`).join("\n"),
    );
  }
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
    message: [
      `${name} signs with generation ${authority.status.activeGeneration}`,
      ...(note === undefined ? [] : [note]),
    ].join("; "),
  };
}
