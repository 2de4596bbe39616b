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
  /** cert-manager's webhooks are not in place, so nobody attests who makes a request. */
  webhooksMissing: "WebhooksMissing",
  /** A probe of the authority's key found that it does not sign. */
  keyUnusable: "KeyUnusable",
  /** Signing for a request failed for a reason that lies in the authority. */
  signingFailed: "SigningFailed",
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

/** Why a request failed: of InvalidRequest of a CertificateRequest and of Failed of a CertificateSigningRequest. */
export const failureReasons = {
  /** The request, its names or its usages break a rule. */
  refused: "RequestRefused",
  // These three are cert-manager's own words.
  invalidDuration: "InvalidDuration",
  unreadableDuration: "ErrorParseDuration",
  deniedReference: "DeniedReference",
  /** What was issued for it before may not be handed out. */
  recordRefused: "RecordRefused",
  /** It was tried for as long as the controller tries. */
  retryLimit: "RetryLimitReached",
} as const;
