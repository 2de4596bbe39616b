import type { Violation } from "../violation.ts";
import type { ProfileQuestion } from "./check-against-profile.ts";
import type { Profile } from "./profiles.ts";

/**
 * Whether the request may become a CA certificate, where it asks for one. Its subject may be empty, though RFC 5280
 * (4.1.2.6) wants a CA to have a name: cert-manager's conformance suite asks its issuers for just that.
 */
export function checkCa(
  profile: Profile,
  { request, isCa = false, allowCa = false, root }: ProfileQuestion,
): Violation[] {
  const { ca, pathLength } = request.requested;
  const field = "spec.request: basicConstraints";
  const places = [...(isCa ? ["spec.isCA"] : []), ...(ca === true ? [field] : [])];
  if (places.length === 0) return [];
  if (!profile.mayIssueCa) {
    const rule = "a CA certificate under a trust anchor could make AWS credentials at will";
    return places.map((place) => ({ code: "ERR_CA_NOT_ALLOWED", field: place, rule }));
  }
  if (!allowCa) {
    const rule = "this issuer does not make CA certificates";
    return places.map((place) => ({ code: "ERR_CA_NOT_ALLOWED", field: place, rule }));
  }
  if (!isCa) {
    const cure = "set isCA, or leave basicConstraints out of the request";
    return [{ code: "ERR_CA_NOT_ALLOWED", field, rule: "cA is TRUE, and spec.isCA is not set", cure }];
  }
  const violations: Violation[] = [];
  if (ca === false) {
    const rule = "spec.isCA is set, and cA is FALSE";
    violations.push({
      code: "ERR_CSR_BASIC_CONSTRAINTS",
      field,
      rule,
      cure: "leave basicConstraints out of the request",
    });
  }
  const limit = root?.pathLength;
  if (limit === 0) {
    const rule = "the root's pathLen is 0: there can be no CA below it (RFC 5280, 4.2.1.9)";
    violations.push({ code: "ERR_CA_PATH_LENGTH", field: "spec.isCA", rule });
  } else if (limit !== undefined && pathLength !== undefined && pathLength >= limit) {
    const rule = `pathLen ${pathLength} must be below the root's, which is ${limit} (RFC 5280, 4.2.1.9)`;
    violations.push({ code: "ERR_CA_PATH_LENGTH", field, rule });
  }
  return violations;
}
