import type { Unknowns } from "./unknowns.ts";

/**
 * A refusal as the service would put it on the wire: the error's name (header `x-amzn-errortype` for Roles Anywhere,
 * `Code` for STS), the HTTP status and the message.
 */
export class ServiceError extends Error {
  readonly type: string;
  readonly status: number;
  /** Of the answer, besides the usual ones. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(type: string, status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "ServiceError";
    this.type = type;
    this.status = status;
    this.headers = headers;
  }
}

// The four errors that AWS's model of the service names, then what every AWS service can answer.

export const accessDenied = (message: string): ServiceError => new ServiceError("AccessDeniedException", 403, message);

export const resourceNotFound = (message: string): ServiceError =>
  new ServiceError("ResourceNotFoundException", 404, message);

export const validation = (message: string): ServiceError => new ServiceError("ValidationException", 400, message);

export const tooManyTags = (message: string): ServiceError => new ServiceError("TooManyTagsException", 400, message);

export const serialization = (message: string): ServiceError =>
  new ServiceError("SerializationException", 400, message);

const THROTTLING: Readonly<Record<Unknowns["throttlingError"], readonly [type: string, status: number]>> = {
  "429-throttling": ["ThrottlingException", 429],
  "400-throttling": ["ThrottlingException", 400],
  "429-too-many-requests": ["TooManyRequestsException", 429],
};

export const throttled = (unknowns: Pick<Unknowns, "throttlingError">, retryAfterSeconds?: number): ServiceError =>
  new ServiceError(
    ...THROTTLING[unknowns.throttlingError],
    "Rate exceeded",
    retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) },
  );

/** More of something than an account may have. */
export const quotaExceeded = (unknowns: Pick<Unknowns, "quotaError">, message: string): ServiceError =>
  unknowns.quotaError === "validation"
    ? validation(message)
    : new ServiceError("ServiceQuotaExceededException", 402, message);

export const unavailable = (): ServiceError =>
  new ServiceError("ServiceUnavailableException", 503, "Service is unable to handle request.");

/**
 * Not an answer of AWS: the request uses something that AWS has and this emulator does not. Loud, so that a test never
 * passes because a member was quietly ignored.
 */
export const notEmulated = (what: string): ServiceError =>
  new ServiceError("NotEmulated", 501, `The emulator does not implement ${what}.`);
