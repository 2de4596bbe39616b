import type { CertificateAuthority } from "@capstan/api";
import type { Issuer, IssuerRef } from "../issuers/issuer-kinds.ts";
import type { RequestViolation } from "../signing/request-violation.ts";

/** What a request of either kind needs next. */
export type RequestDecision =
  | { readonly do: "ignore"; readonly why: string }
  | { readonly do: "deny" }
  | { readonly do: "fail"; readonly message: string }
  /** It breaks rules that need neither issuer nor requester to be asked. */
  | { readonly do: "refuse"; readonly violations: readonly RequestViolation[] }
  | { readonly do: "wait"; readonly message: string }
  | { readonly do: "sign"; readonly issuer: Issuer; readonly authority: CertificateAuthority };

/** The last guards of every request: its issuer must be there, checked as it is now, and Ready, and its authority active. */
export function awaitIssuer(input: {
  readonly ref: IssuerRef;
  /** As last seen. */
  readonly issuer: Issuer | undefined;
  readonly authority: CertificateAuthority | undefined;
}): Extract<RequestDecision, { readonly do: "wait" | "sign" }> {
  const { ref, issuer, authority } = input;
  const wait = (message: string) => ({ do: "wait", message: `Waiting for ${message}` }) as const;
  const reference = `${ref.kind} ${ref.name}`;
  if (issuer === undefined) return wait(`${reference}: it does not exist`);
  if (issuer.metadata.deletionTimestamp !== undefined) return wait(`${reference}: it is being deleted`);
  const ready = issuer.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready === undefined) return wait(`${reference}: it has not been checked yet`);
  if ((ready.observedGeneration ?? 0) < (issuer.metadata.generation ?? 0)) {
    return wait(`${reference}: its last change has not been checked yet`);
  }
  if (ready.status !== "True") return wait(`${reference}: ${ready.reason}: ${ready.message ?? ""}`);
  if (authority?.status?.activeGeneration === undefined) {
    return wait(`CertificateAuthority ${issuer.spec.caRef.name}: it has no active generation`);
  }
  return { do: "sign", issuer, authority };
}
