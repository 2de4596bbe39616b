import { type CertificateRequest, issuerOfCertificateRequest, isTrue } from "../requests/certificate-request.ts";

/** How long an approver may take before somebody is told. cert-manager's own needs a second. */
const patienceMs = 60_000;

export type ApprovalDecision =
  | { readonly do: "ignore" }
  | { readonly do: "wait"; readonly ms: number }
  /** It has stayed unapproved for so long that its owner should hear why. */
  | { readonly do: "explain" };

/** What an unapproved request needs. Its age is counted from its creation, which is when approvers first see it. */
export function decideApproval(request: CertificateRequest, now: Date): ApprovalDecision {
  if (!isUnapproved(request)) return { do: "ignore" };
  const createdMs = Date.parse(request.metadata.creationTimestamp ?? "");
  // The API server gives every object one.
  if (Number.isNaN(createdMs)) return { do: "ignore" };
  const ageMs = now.getTime() - createdMs;
  if (ageMs >= patienceMs) return { do: "explain" };
  // A clock that is behind the API server's must not put it off for longer.
  return { do: "wait", ms: Math.min(patienceMs, patienceMs - ageMs) };
}

/** Whether a request for an issuer of ours waits for an approver. */
export function isUnapproved(request: CertificateRequest): boolean {
  return (
    issuerOfCertificateRequest(request) !== undefined &&
    request.metadata.deletionTimestamp === undefined &&
    !["Approved", "Denied", "InvalidRequest"].some((type) => isTrue(request, type))
  );
}
