/**
 * The request cannot be signed now and may be later: it stays Pending and is tried again. cert-manager waits an hour
 * after a Failed, so whatever may heal is this error.
 */
export class NotYet extends Error {
  override readonly name = "NotYet";
  readonly code = "ERR_NOT_YET";
  /**
   * The wait is in the nature of the thing (a quota, a grace time), so no retry limit ends it. Default: it is a failure,
   * and the controller gives up in the end.
   */
  readonly isPatient: boolean;
  /** Look again after so many milliseconds, not when the backoff says so. */
  readonly retryAfterMs: number | undefined;

  /** Somebody should act meanwhile: the requester gets a warning. */
  readonly isWarning: boolean;

  constructor(
    message: string,
    options: { readonly isPatient?: boolean; readonly isWarning?: boolean; readonly retryAfterMs?: number } = {},
  ) {
    super(message);
    this.isWarning = options.isWarning ?? false;
    this.isPatient = options.isPatient ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * Trying to sign proved that the issuer cannot: its key is missing, is another's or does not sign. The issuer says so in
 * its Ready condition, and its requests wait for it to be Ready again.
 */
export class IssuerBroken extends Error {
  override readonly name = "IssuerBroken";
  readonly code = "ERR_ISSUER_BROKEN";
}
