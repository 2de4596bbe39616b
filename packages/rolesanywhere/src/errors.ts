/**
 * How an error travels: what AWS, the network or a credential provider said is turned into one `RolesAnywhereError` in
 * `map-error.ts`, and our own checks of arguments throw the same class before anything is sent. Its message is safe to
 * log and to show in a status: no PEM, no headers, no credentials.
 *
 * There is deliberately no `cause`: loggers print causes, and one of a provider or a socket may carry a whole request.
 * What helps is copied into fields instead.
 */

/** Stable: switch on it, no code ever changes its meaning. */
export type RolesAnywhereErrorCode =
  /** An argument breaks a documented rule; nothing was sent. `field` names it. */
  | "ERR_INVALID_ARGUMENT"
  /** Region, endpoint, proxy or CA bundle make no sendable request. */
  | "ERR_AWS_CONFIGURATION"
  /** The credential source gave none: it has none, or cannot be reached just now. */
  | "ERR_AWS_NO_CREDENTIALS"
  /** The credentials, or what AWS answered with, are of another account than is meant. By such credentials nothing is sent. */
  | "ERR_AWS_WRONG_ACCOUNT"
  /** AWS does not take these credentials (unknown, expired, wrong secret). The next call loads them anew. */
  | "ERR_AWS_CREDENTIALS_REFUSED"
  /** Our clock is too far from AWS's. The next call is signed with AWS's time. */
  | "ERR_AWS_CLOCK_SKEW"
  /** The credentials are good, the permission is missing. */
  | "ERR_AWS_ACCESS_DENIED"
  | "ERR_AWS_NOT_FOUND"
  | "ERR_AWS_VALIDATION"
  /** A quota on the number of things, not on the rate. */
  | "ERR_AWS_QUOTA"
  /** `retryAfterMs` is set when AWS named a time. */
  | "ERR_AWS_THROTTLED"
  /** Not reached, no answer in time, or an answer of the 5xx kind: a write may have happened. */
  | "ERR_AWS_UNAVAILABLE"
  /** Something answered, but not as Roles Anywhere does: a proxy, a wrong endpoint. A write may have happened. */
  | "ERR_AWS_RESPONSE";

/** Whether the same call, unchanged, may succeed later without anybody changing something in AWS. */
const retryable: Readonly<Record<RolesAnywhereErrorCode, boolean>> = {
  ERR_INVALID_ARGUMENT: false,
  ERR_AWS_CONFIGURATION: false,
  ERR_AWS_NO_CREDENTIALS: true,
  ERR_AWS_WRONG_ACCOUNT: true,
  ERR_AWS_CREDENTIALS_REFUSED: true,
  ERR_AWS_CLOCK_SKEW: true,
  ERR_AWS_ACCESS_DENIED: false,
  ERR_AWS_NOT_FOUND: false,
  ERR_AWS_VALIDATION: false,
  ERR_AWS_QUOTA: false,
  ERR_AWS_THROTTLED: true,
  ERR_AWS_UNAVAILABLE: true,
  ERR_AWS_RESPONSE: true,
};

export interface RolesAnywhereErrorDetails {
  /** The API operation (`ImportCrl`), or the function for errors that belong to none. */
  readonly operation: string;
  /** The argument that broke a rule, for ERR_INVALID_ARGUMENT. */
  readonly field?: string;
  /** AWS's own name of the error, for example `ValidationException`. */
  readonly awsType?: string;
  /** AWS's own text without what must not be logged, for example `Certificate revoked`. */
  readonly awsMessage?: string;
  readonly httpStatus?: number;
  /** What AWS support asks for. */
  readonly requestId?: string;
  /** From the answer's Retry-After header. */
  readonly retryAfterMs?: number;
}

export class RolesAnywhereError extends Error {
  override readonly name = "RolesAnywhereError";
  readonly code: RolesAnywhereErrorCode;
  /** Whether the same call, unchanged, may succeed later without anybody changing something in AWS. */
  readonly retryable: boolean;
  readonly operation: string;
  declare readonly field?: string;
  declare readonly awsType?: string;
  declare readonly awsMessage?: string;
  declare readonly httpStatus?: number;
  declare readonly requestId?: string;
  declare readonly retryAfterMs?: number;

  constructor(code: RolesAnywhereErrorCode, message: string, details: RolesAnywhereErrorDetails) {
    super(message);
    this.code = code;
    this.retryable = retryable[code];
    this.operation = details.operation;
    Object.assign(this, details);
  }
}
