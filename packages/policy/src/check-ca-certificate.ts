import type { CertificateAuthority } from "@capstan/api";
import type { CertificationRequest, Root } from "@capstan/ca-core";
import type { IssuerSpec } from "./name-rules.ts";
import type { PolicyViolation } from "./policy-violation.ts";

/** Whether a CA certificate may be had at all, and how many more CAs may stand below it at most (RFC 5280, 4.2.1.9). */
export function maxPathLengthOf(setting: {
  readonly issuer: IssuerSpec;
  readonly authority: CertificateAuthority["spec"];
  readonly root?: Pick<Root, "pathLength"> | undefined;
}): number | undefined {
  const { issuer, authority, root } = setting;
  const byIssuer = issuer.caCertificates?.maxPathLength;
  const byAuthority = authority.issuance.caCertificates?.maxPathLength;
  if (issuer.profile !== "General" || byIssuer === undefined || byAuthority === undefined) return undefined;
  // That a root with pathLen 0 has no CA below it, the profile says.
  return Math.max(0, Math.min(byIssuer, byAuthority, (root?.pathLength ?? Infinity) - 1));
}

/** Holds a request for a CA certificate to the maximum path length; whether it is allowed at all, the profile has said. */
export function checkPathLength(
  request: Pick<CertificationRequest, "requested">,
  maximum: number | undefined,
): readonly PolicyViolation[] {
  const { pathLength } = request.requested;
  if (maximum === undefined || pathLength === undefined || pathLength <= maximum) return [];
  return [
    {
      code: "ERR_POLICY_CA",
      field: "spec.request: basicConstraints",
      rule: `pathLen ${pathLength} is over the maximum of ${maximum} that caCertificates of issuer and authority, and the root, leave`,
      cure: `ask for ${maximum} or less, or leave it out`,
    },
  ];
}
