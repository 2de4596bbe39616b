import type { CapstanClusterIssuer, CapstanIssuer, CertificateAuthority } from "@capstan/api";
import { requestReasons } from "@capstan/api";
import { type CertificateRequest, conditionOf, isTrue, issuerKindOf } from "./certificate-request.ts";

export type Issuer = CapstanClusterIssuer | CapstanIssuer;

export type RequestDecision =
  | { readonly do: "ignore"; readonly why: string }
  | { readonly do: "deny" }
  | { readonly do: "fail"; readonly message: string }
  | { readonly do: "wait"; readonly message: string }
  | { readonly do: "sign"; readonly issuer: Issuer; readonly authority: CertificateAuthority };

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
  const kind = issuerKindOf(request);
  if (kind === undefined) return { do: "ignore", why: "its issuer is not one of ours" };
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
  const reference = `${kind} ${request.spec.issuerRef.name}`;
  if (issuer === undefined) return { do: "wait", message: `Waiting for ${reference}: it does not exist` };
  const issuerReady = issuer.status?.conditions?.find(({ type }) => type === "Ready");
  if (issuerReady === undefined)
    return { do: "wait", message: `Waiting for ${reference}: it has not been checked yet` };
  if ((issuerReady.observedGeneration ?? 0) < (issuer.metadata.generation ?? 0)) {
    return { do: "wait", message: `Waiting for ${reference}: its last change has not been checked yet` };
  }
  if (issuerReady.status !== "True") {
    return { do: "wait", message: `Waiting for ${reference}: ${issuerReady.reason}: ${issuerReady.message ?? ""}` };
  }
  if (authority?.status?.activeGeneration === undefined) {
    return {
      do: "wait",
      message: `Waiting for CertificateAuthority ${issuer.spec.caRef.name}: it has no active generation`,
    };
  }
  return { do: "sign", issuer, authority };
}
