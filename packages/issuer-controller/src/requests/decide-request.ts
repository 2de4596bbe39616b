import { type CertificateAuthority, requestReasons } from "@capstan/api";
import type { Issuer } from "../issuers/issuer-kinds.ts";
import { type CertificateRequest, conditionOf, isTrue, issuerOfCertificateRequest } from "./certificate-request.ts";
import { awaitIssuer, type RequestDecision } from "./request-decision.ts";

/**
 * Decides what a CertificateRequest needs next. Guards come in the order in which cert-manager's own issuers have them;
 * a waiting request is woken by its issuer or authority.
 */
export function decideRequest(input: {
  readonly request: CertificateRequest;
  /** The issuer that the request names, as last seen. */
  readonly issuer: Issuer | undefined;
  /** The authority that the issuer names, as last seen. */
  readonly authority: CertificateAuthority | undefined;
}): RequestDecision {
  const { request, issuer, authority } = input;
  const ready = conditionOf(request, "Ready");
  if (request.metadata.deletionTimestamp !== undefined) return { do: "ignore", why: "it is being deleted" };
  const ref = issuerOfCertificateRequest(request);
  if (ref === undefined) return { do: "ignore", why: "its issuer is not one of ours" };
  const says = (reason: string): boolean =>
    ready?.status === "False" && ready.reason === reason && request.status?.failureTime !== undefined;
  const isIssued = ready?.status === "True" || (request.status?.certificate ?? "") !== "";
  if (isTrue(request, "Denied")) {
    return says(requestReasons.denied) ? { do: "ignore", why: "it was denied" } : { do: "deny" };
  }
  if (isTrue(request, "InvalidRequest") && !isIssued) {
    // cert-manager replaces only what has failed, so the condition alone would leave its Certificate waiting.
    if (says(requestReasons.failed)) return { do: "ignore", why: "it is invalid" };
    const { message = "" } = conditionOf(request, "InvalidRequest") ?? {};
    return { do: "fail", message: `The CertificateRequest is invalid: ${message}` };
  }
  if (!isTrue(request, "Approved")) return { do: "ignore", why: "it is not approved" };
  if (isIssued) return { do: "ignore", why: "it is issued" };
  if (ready?.reason === requestReasons.failed || ready?.reason === requestReasons.denied)
    return { do: "ignore", why: "it has failed" };
  if (request.tooLarge !== undefined) return { do: "refuse", violations: request.tooLarge };
  return awaitIssuer({ ref, issuer, authority });
}
