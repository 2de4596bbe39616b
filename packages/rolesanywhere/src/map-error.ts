import { CredentialSourceError } from "./credentials.ts";
import { RolesAnywhereError } from "./errors.ts";
import type { RolesAnywhereErrorCode } from "./errors.ts";
import { redactMessage } from "./redact.ts";

/**
 * AWS's error types. The API's model names only the first four; the others are common to AWS services.
 * @see https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/CommonErrors.html
 */
const codeOfType: ReadonlyMap<string, RolesAnywhereErrorCode> = new Map<string, RolesAnywhereErrorCode>([
  ["AccessDeniedException", "ERR_AWS_ACCESS_DENIED"],
  ["ResourceNotFoundException", "ERR_AWS_NOT_FOUND"],
  ["ValidationException", "ERR_AWS_VALIDATION"],
  ["TooManyTagsException", "ERR_AWS_VALIDATION"],

  ["AccessDenied", "ERR_AWS_ACCESS_DENIED"],
  ["NotAuthorized", "ERR_AWS_ACCESS_DENIED"],
  ["OptInRequired", "ERR_AWS_ACCESS_DENIED"],
  ["SerializationException", "ERR_AWS_VALIDATION"],
  ["ValidationError", "ERR_AWS_VALIDATION"],
  ["ServiceQuotaExceededException", "ERR_AWS_QUOTA"],
  ["LimitExceededException", "ERR_AWS_QUOTA"],

  ["RequestLimitExceeded", "ERR_AWS_THROTTLED"],
  ["RequestThrottled", "ERR_AWS_THROTTLED"],
  ["RequestThrottledException", "ERR_AWS_THROTTLED"],
  ["SlowDown", "ERR_AWS_THROTTLED"],
  ["ThrottledException", "ERR_AWS_THROTTLED"],
  ["Throttling", "ERR_AWS_THROTTLED"],
  ["ThrottlingException", "ERR_AWS_THROTTLED"],
  ["TooManyRequestsException", "ERR_AWS_THROTTLED"],

  ["InternalFailure", "ERR_AWS_UNAVAILABLE"],
  ["InternalServerException", "ERR_AWS_UNAVAILABLE"],
  ["RequestTimeout", "ERR_AWS_UNAVAILABLE"],
  ["ServiceUnavailable", "ERR_AWS_UNAVAILABLE"],
  ["ServiceUnavailableException", "ERR_AWS_UNAVAILABLE"],

  ["ExpiredToken", "ERR_AWS_CREDENTIALS_REFUSED"],
  ["ExpiredTokenException", "ERR_AWS_CREDENTIALS_REFUSED"],
  ["IncompleteSignature", "ERR_AWS_CREDENTIALS_REFUSED"],
  ["InvalidClientTokenId", "ERR_AWS_CREDENTIALS_REFUSED"],
  ["InvalidSignatureException", "ERR_AWS_CREDENTIALS_REFUSED"],
  ["MissingAuthenticationToken", "ERR_AWS_CREDENTIALS_REFUSED"],
  ["MissingAuthenticationTokenException", "ERR_AWS_CREDENTIALS_REFUSED"],
  ["SignatureDoesNotMatch", "ERR_AWS_CREDENTIALS_REFUSED"],
  ["UnrecognizedClientException", "ERR_AWS_CREDENTIALS_REFUSED"],

  ["RequestExpired", "ERR_AWS_CLOCK_SKEW"],
  ["RequestInTheFuture", "ERR_AWS_CLOCK_SKEW"],
  ["RequestTimeTooSkewed", "ERR_AWS_CLOCK_SKEW"],
]);

/** What the SDK threw for one request, as an error of ours. */
export function mapError(operation: string, thrown: unknown): RolesAnywhereError {
  if (thrown instanceof RolesAnywhereError) return thrown;
  if (thrown instanceof CredentialSourceError) {
    return new RolesAnywhereError(
      "ERR_AWS_NO_CREDENTIALS",
      `${operation}: no AWS credentials (${redactMessage(thrown.message)}): set up one source of the standard AWS provider chain, such as a web identity, EKS Pod Identity or a shared credentials file`,
      { operation },
    );
  }
  const error = parseThrown(thrown);
  if (error.httpStatus !== undefined) return mapAnswer(operation, error, error.httpStatus);
  if (error.systemCode !== undefined) {
    return new RolesAnywhereError("ERR_AWS_UNAVAILABLE", `${operation}: AWS was not reached: ${error.systemCode}`, {
      operation,
    });
  }
  return new RolesAnywhereError("ERR_AWS_CONFIGURATION", `${operation} was not sent: ${error.message}`, { operation });
}

function mapAnswer(operation: string, error: ThrownError, httpStatus: number): RolesAnywhereError {
  const { awsType, message, requestId, retryAfterMs } = error;
  const details = {
    operation,
    httpStatus,
    ...(awsType === undefined ? {} : { awsType }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  const code = codeOfAnswer(error, httpStatus);
  if (code === "ERR_AWS_RESPONSE") {
    const text = `${operation}: the answer (HTTP ${httpStatus}) is not one of Roles Anywhere: check the endpoint and any proxy before it`;
    return new RolesAnywhereError(code, text, details);
  }
  const said = awsType === undefined ? `HTTP ${httpStatus}` : `${awsType}${message === "" ? "" : `: ${message}`}`;
  return new RolesAnywhereError(code, `${operation}: AWS answered ${said}`, details);
}

function codeOfAnswer(error: ThrownError, httpStatus: number): RolesAnywhereErrorCode {
  // AWS uses the type of a wrong signature also for one that is too old or too new, and tells them by the text.
  if (error.awsType === "InvalidSignatureException" && /expired|not yet current/iu.test(error.message)) {
    return "ERR_AWS_CLOCK_SKEW";
  }
  const known = error.awsType === undefined ? undefined : codeOfType.get(error.awsType);
  if (known !== undefined) return known;
  if (httpStatus === 429) return "ERR_AWS_THROTTLED";
  if (httpStatus >= 500 || httpStatus === 408) return "ERR_AWS_UNAVAILABLE";
  // Without a type AWS did not say it: a 404 of something else must never read as "this anchor does not exist".
  if (error.awsType === undefined || httpStatus < 400) return "ERR_AWS_RESPONSE";
  return httpStatus === 403 ? "ERR_AWS_ACCESS_DENIED" : "ERR_AWS_VALIDATION";
}

interface ThrownError {
  readonly message: string;
  readonly awsType?: string;
  readonly httpStatus?: number;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
  /** Of a failed connection: ECONNREFUSED, ENOTFOUND, a TLS error's code and so on. */
  readonly systemCode?: string;
}

/** Reads the parts of the SDK's errors that are safe; everything else of them is left behind. */
function parseThrown(thrown: unknown): ThrownError {
  if (!(thrown instanceof Error)) return { message: "unknown error" };
  const message = redactMessage(thrown.message);
  const response = recordOf(recordOf(thrown)["$response"]);
  const metadata = recordOf(recordOf(thrown)["$metadata"]);
  const httpStatus = response["statusCode"] ?? metadata["httpStatusCode"];
  if (typeof httpStatus === "number") {
    const headers = recordOf(response["headers"]);
    const requestId = metadata["requestId"] ?? headers["x-amzn-requestid"];
    const retryAfterMs = parseRetryAfter(headers["retry-after"]);
    // The SDK's service errors alone have $fault; a SyntaxError or TypeError says that the answer was not understood.
    // Without a type in the answer it takes the status for the name.
    const typed = "$fault" in thrown && /^[A-Z][A-Za-z]+$/u.test(thrown.name);
    return {
      message,
      httpStatus,
      ...(typed ? { awsType: thrown.name } : {}),
      ...(typeof requestId === "string" ? { requestId: redactMessage(requestId) } : {}),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  const systemCode = recordOf(thrown)["code"];
  return typeof systemCode === "string" ? { message, systemCode } : { message };
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3); anything else is not given. */
function parseRetryAfter(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  if (/^\d{1,6}$/u.test(value)) return Number(value) * 1_000;
  // Date.parse alone takes almost anything, "-1" for a year.
  const atMs = /^[A-Z][a-z]{2}, /u.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - Date.now());
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
