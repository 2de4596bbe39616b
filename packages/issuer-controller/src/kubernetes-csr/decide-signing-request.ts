import type { CertificateAuthority } from "@capstan/api";
import type { Issuer } from "../issuers/issuer-kinds.ts";
import { awaitIssuer, type RequestDecision } from "../requests/request-decision.ts";
import { issuerOfSignerName } from "./signer-name.ts";
import { isTrue, type SigningRequest } from "./signing-request.ts";

/** Decides what a CertificateSigningRequest needs next. Denied and failed ones need nothing of us: others have said all. */
export function decideSigningRequest(input: {
  readonly request: SigningRequest;
  /** The issuer that the signerName means, as last seen. */
  readonly issuer: Issuer | undefined;
  /** The authority that the issuer names, as last seen. */
  readonly authority: CertificateAuthority | undefined;
}): RequestDecision {
  const { request, issuer, authority } = input;
  if (request.metadata.deletionTimestamp !== undefined) return { do: "ignore", why: "it is being deleted" };
  const ref = issuerOfSignerName(request.spec.signerName);
  if (ref === undefined) return { do: "ignore", why: "its signer is not one of ours" };
  if (isTrue(request, "Denied")) return { do: "ignore", why: "it was denied" };
  if (isTrue(request, "Failed")) return { do: "ignore", why: "it has failed" };
  if (!isTrue(request, "Approved")) return { do: "ignore", why: "it is not approved" };
  if ((request.status?.certificate ?? "") !== "") return { do: "ignore", why: "it is issued" };
  if (request.tooLarge !== undefined) return { do: "refuse", violations: request.tooLarge };
  return awaitIssuer({ ref, issuer, authority });
}
