// Condition types and reasons are part of the API: users and alerts compare them.

/** Ready, TrustAnchorsInSync and CRLCurrent of a CertificateAuthority. */
export const authorityReasons = {
  issuing: "Issuing",
  registering: "RegisteringTrustAnchors",
  anchorConflict: "TrustAnchorConflict",
  awsUnavailable: "AWSUnavailable",
  keyMissing: "KeyMissing",
  crlRefused: "CRLRefused",
  failed: "Failed",
} as const;

/** Ready of a CapstanIssuer and a CapstanClusterIssuer. */
export const issuerReasons = {
  checked: "Checked",
  authorityMissing: "AuthorityNotFound",
  authorityNotReady: "AuthorityNotReady",
  invalidPolicy: "InvalidPolicy",
} as const;

/** Accepted and Published of a Revocation. */
export const revocationReasons = {
  recorded: "Recorded",
  notFound: "NotFound",
  ambiguous: "AmbiguousSerial",
  expired: "Expired",
  readBack: "ReadBack",
  waiting: "WaitingForTrustAnchors",
} as const;

/** Ready of a CertificateRequest, as cert-manager's own controllers compare them. */
export const requestReasons = {
  pending: "Pending",
  issued: "Issued",
  failed: "Failed",
  denied: "Denied",
} as const;
