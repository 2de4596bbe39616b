/** What the API server said when it refused, without headers or body: safe to log and to show. */
export interface KubeApiErrorInit {
  /** HTTP status. */
  readonly code: number;
  /** metav1.Status reason: "NotFound", "Conflict", "AlreadyExists", "Expired", "Invalid", … */
  readonly reason: string;
  readonly message: string;
  /** What was asked: "GET /api/v1/…" without query. */
  readonly request: string;
  /** From Retry-After or the status' retryAfterSeconds. */
  readonly retryAfterMs?: number | undefined;
}

// A validation message may quote what was sent; nobody needs more of it than this.
const longestMessage = 1024;

/** The API server answered with an error status. */
export class KubeApiError extends Error {
  override readonly name = "KubeApiError";
  readonly code: number;
  readonly reason: string;
  readonly request: string;
  readonly retryAfterMs: number | undefined;

  constructor(init: KubeApiErrorInit) {
    super(`${init.request}: ${init.code} ${init.reason}: ${shorten(init.message)}`);
    this.code = init.code;
    this.reason = init.reason;
    this.request = init.request;
    this.retryAfterMs = init.retryAfterMs;
  }
}

/** Why a call brought no answer. */
export type KubeConnectionErrorCode =
  /** No answer within the request timeout. */
  | "ERR_KUBE_TIMEOUT"
  /** The connection could not be made, or broke. */
  | "ERR_KUBE_CONNECTION"
  /** The token file, client certificate, CA or exec plugin could not be read. */
  | "ERR_KUBE_CREDENTIALS"
  /** The answer is not what Kubernetes sends: no JSON, half a line, an event without an object. */
  | "ERR_KUBE_PROTOCOL"
  /** The answer has more bytes than the caller wants to hold; it was not read to its end. */
  | "ERR_KUBE_ANSWER_SIZE";

/** No usable answer came back. Whether a write took effect is unknown, except for `ERR_KUBE_CREDENTIALS` (it was not sent). */
export class KubeConnectionError extends Error {
  override readonly name = "KubeConnectionError";
  readonly code: KubeConnectionErrorCode;

  constructor(code: KubeConnectionErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export function isNotFound(error: unknown): error is KubeApiError {
  return error instanceof KubeApiError && error.code === 404;
}

/** 409 to a write whose resourceVersion is no longer the stored one, or whose field another manager owns. */
export function isConflict(error: unknown): error is KubeApiError {
  return error instanceof KubeApiError && error.code === 409 && error.reason !== "AlreadyExists";
}

/** 409 to a create: the name is taken. */
export function isAlreadyExists(error: unknown): error is KubeApiError {
  return error instanceof KubeApiError && error.code === 409 && error.reason === "AlreadyExists";
}

/** 422: the object breaks its schema or a rule, and will so each time. */
export function isInvalid(error: unknown): error is KubeApiError {
  return error instanceof KubeApiError && error.code === 422;
}

/** 410: the resourceVersion or continue token is older than what the server keeps. */
export function isExpired(error: unknown): error is KubeApiError {
  return error instanceof KubeApiError && error.code === 410;
}

/**
 * The write may or may not have happened: read the object before deciding what to do next.
 * Server errors count, since 500 and 504 are also what a write that timed out against etcd ends with.
 */
export function isOutcomeUnknown(error: unknown): boolean {
  if (error instanceof KubeConnectionError) return error.code !== "ERR_KUBE_CREDENTIALS";
  return error instanceof KubeApiError && error.code >= 500;
}

/** Builds the error for an HTTP status and its body, which is a metav1.Status or, from proxies, anything at all. */
export function apiErrorFrom(response: {
  readonly code: number;
  readonly body: string;
  readonly request: string;
  readonly retryAfter?: string | undefined;
}): KubeApiError {
  const status = parseStatus(response.body);
  const fromHeader = retryAfterMs(response.retryAfter);
  return new KubeApiError({
    code: response.code,
    reason: status.reason ?? defaultReason(response.code),
    message: status.message ?? "the answer held no message",
    request: response.request,
    retryAfterMs: fromHeader ?? status.retryAfterMs,
  });
}

interface ParsedStatus {
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

function parseStatus(body: string): ParsedStatus {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return {}; // a proxy's page: nothing in it is meant for us
  }
  return statusFields(value);
}

/** Reads reason, message and retryAfterSeconds of a metav1.Status, as far as they are there. */
export function statusFields(value: unknown): ParsedStatus {
  if (typeof value !== "object" || value === null) return {};
  const { reason, message, details } = value as { reason?: unknown; message?: unknown; details?: unknown };
  const seconds =
    typeof details === "object" && details !== null
      ? (details as { retryAfterSeconds?: unknown }).retryAfterSeconds
      : undefined;
  return {
    reason: typeof reason === "string" && reason !== "" ? reason : undefined,
    message: typeof message === "string" && message !== "" ? message : undefined,
    retryAfterMs: typeof seconds === "number" && seconds > 0 ? seconds * 1000 : undefined,
  };
}

/** The API server sends whole seconds (RFC 9110, 10.2.3); the date form is not used there and is ignored. */
function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Gone",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

function defaultReason(code: number): string {
  return reasons[code] ?? "Unknown";
}

function shorten(message: string): string {
  return message.length <= longestMessage ? message : `${message.slice(0, longestMessage)}…`;
}
