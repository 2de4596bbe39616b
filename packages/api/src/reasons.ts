// Condition types and reasons are part of the API: users and alerts compare them.

/**
 * Ready, TrustAnchorsInSync, CRLCurrent, Rotating and Drift of a CertificateAuthority. Rotating and what is said of a single
 * trust anchor have the codes of the rotation planner (`WaitCode` in ca-core) beside these.
 */
export const authorityReasons = {
  issuing: "Issuing",
  /** An operator, or a compromised generation, holds issuing. */
  frozen: "Frozen",
  /** The next generation is being introduced, or the last one drains. */
  inProgress: "InProgress",
  readBack: "ReadBack",
  signed: "Signed",
  /** Trust anchors hold certificates that nobody here knows. */
  unknownCertificate: "UnknownCertificate",
  /** Of trust anchors that Capstan made somebody has changed the notifications, or the name. */
  changedSettings: "ChangedSettings",
  nothingFound: "NothingFound",
  registering: "RegisteringTrustAnchors",
  anchorConflict: "TrustAnchorConflict",
  /** The AWS credentials of the publisher are of another account than a trust anchor. */
  wrongAccount: "WrongAccount",
  awsUnavailable: "AWSUnavailable",
  /** Leaves that are no AWS credentials, and would be under a trust anchor, may still be valid. */
  generalLeaves: "GeneralLeaves",
  /** A trust anchor is kept disabled by a DisableTrustAnchor operation. */
  anchorDisabled: "TrustAnchorDisabledByOrder",
  keyMissing: "KeyMissing",
  crlRefused: "CRLRefused",
  crlStale: "Stale",
  crlHasRoom: "HasRoom",
  crlFilling: "Filling",
  crlReasonsLeftOut: "ReasonsLeftOut",
  crlFull: "Full",
  failed: "Failed",
} as const;

/** Complete of an AuthorityOperation. */
export const operationReasons = {
  inProgress: "InProgress",
  done: "Done",
  refused: "Refused",
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
  // Accepted is True:
  recorded: "Recorded",
  /** Another Revocation, or this one before, did it: the first time and reason stay. */
  alreadyRevoked: "AlreadyRevoked",
  /** The reason of an earlier revocation was raised to keyCompromise. */
  reasonRaised: "ReasonRaised",
  // Accepted is False, for good:
  /** The target cannot be read. */
  invalidTarget: "InvalidTarget",
  /** Nothing of the ledger that this namespace may revoke is meant. */
  notYours: "NotYours",
  /** The ledger knows no such serial: the certificate is needed as proof. */
  unknownSerial: "UnknownSerial",
  /** The ledger has no such record, or nothing unexpired that fits. */
  notFound: "NotFound",
  ambiguous: "AmbiguousSerial",
  expired: "Expired",
  /** No generation of ours has signed the certificate. */
  otherIssuer: "OtherIssuer",
  /** It is a root, which no CRL of its own can revoke. */
  ownRoot: "OwnRoot",
  // Accepted is Unknown, and tried again:
  noRoom: "NoRoom",
  // Published:
  readBack: "ReadBack",
  // Also of one that was accepted, and whose certificate has ended before every anchor was read back: `expired`.
  waiting: "WaitingForTrustAnchors",
  /** The ledger is read once more when every signature that was on its way has arrived. */
  settling: "WaitingForSignaturesOnTheirWay",
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
  /** What was issued for it may not be handed out, or cannot be recorded. */
  recordRefused: "RecordRefused",
  /** It was tried for as long as the controller tries. */
  retryLimit: "RetryLimitReached",
} as const;
