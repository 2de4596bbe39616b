/**
 * The request cannot be signed now and may be later: it stays Pending and is tried again. cert-manager waits an hour
 * after a Failed, so whatever may heal is this error.
 */
export class NotYet extends Error {
  override readonly name = "NotYet";
  readonly code = "ERR_NOT_YET";
}
