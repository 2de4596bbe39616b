import { RolesAnywhereError } from "./errors.ts";
import type { RolesAnywhereErrorCode } from "./errors.ts";
import type { HttpAnswer } from "./exchange.ts";
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

/**
 * A credential source failed: there is nothing to sign with. An outage that it met is one, and so are keys of another account; all else, also what AWS refused it,
 * says nothing of the call that it was for.
 */
export function noCredentials(operation: string, thrown: unknown): RolesAnywhereError {
  if (thrown instanceof RolesAnywhereError && isOutage(thrown)) {
    const { code, message, retryAfterMs } = thrown;
    const details = { operation, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    return new RolesAnywhereError(code, `${operation} was not sent: ${message}`, details);
  }
  if (thrown instanceof RolesAnywhereError && thrown.code === "ERR_AWS_WRONG_ACCOUNT") {
    return new RolesAnywhereError(thrown.code, `${operation} was not sent: ${thrown.message}`, { operation });
  }
  const said = thrown instanceof Error ? redactMessage(thrown.message) : "the credential source failed";
  return new RolesAnywhereError(
    "ERR_AWS_NO_CREDENTIALS",
    `${operation}: no AWS credentials (${said}): set up one source of the standard AWS provider chain, such as a web identity, EKS Pod Identity or a shared credentials file`,
    { operation },
  );
}

function isOutage({ code }: RolesAnywhereError): boolean {
  return code === "ERR_AWS_UNAVAILABLE" || code === "ERR_AWS_THROTTLED";
}

/** What was thrown while there was no answer yet, as an error of ours. */
export function mapFailure(operation: string, thrown: unknown): RolesAnywhereError {
  if (thrown instanceof RolesAnywhereError) return thrown;
  const { code, statusCode } = recordOf(thrown);
  const details = { operation };
  if (code === "ERR_PROXY_TUNNEL") {
    const said = typeof statusCode === "number" ? `refused the connection (HTTP ${statusCode})` : "made no connection";
    return new RolesAnywhereError(
      "ERR_AWS_UNAVAILABLE",
      `${operation}: AWS was not reached: the proxy ${said}: check HTTPS_PROXY, its user and password, and what the proxy lets through`,
      details,
    );
  }
  if (typeof code === "string") {
    const cure = isUntrusted(code)
      ? ": if a proxy or VPC endpoint has a certificate of a private CA, name that CA in AWS_CA_BUNDLE"
      : "";
    return new RolesAnywhereError(
      "ERR_AWS_UNAVAILABLE",
      `${operation}: AWS was not reached: ${redactMessage(code)}${cure}`,
      details,
    );
  }
  const said = thrown instanceof Error ? redactMessage(thrown.message) : "unknown error";
  return new RolesAnywhereError("ERR_AWS_UNAVAILABLE", `${operation}: no answer was understood: ${said}`, details);
}

/** Codes of OpenSSL's verification that end with a chain of nobody who is trusted. */
function isUntrusted(code: string): boolean {
  return /SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|CERT_UNTRUSTED/u.test(code);
}

/**
 * A refusal, or an answer that is not one of Roles Anywhere.
 *
 * @param answer without what of the request must not be repeated; see `withoutSecrets`
 */
export function mapAnswer(operation: string, answer: HttpAnswer): RolesAnywhereError {
  const { status: httpStatus, headers } = answer;
  const body = parseBody(answer.body);
  const awsType = typeOf(headers["x-amzn-errortype"] ?? body["__type"] ?? body["code"]);
  const said = body["message"] ?? body["Message"];
  const message = typeof said === "string" ? redactMessage(said) : "";
  const requestId = headers["x-amzn-requestid"];
  const retryAfterMs = parseRetryAfter(headers["retry-after"], headers["date"]);
  const details = {
    operation,
    httpStatus,
    ...(awsType === undefined ? {} : { awsType }),
    ...(awsType === undefined || message === "" ? {} : { awsMessage: message }),
    ...(typeof requestId === "string" ? { requestId: redactMessage(requestId) } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  const code = codeOfAnswer({ awsType, message, httpStatus });
  if (code === "ERR_AWS_RESPONSE") {
    const text = `${operation}: the answer (HTTP ${httpStatus}) is not one of Roles Anywhere: check the endpoint and any proxy before it`;
    return new RolesAnywhereError(code, text, details);
  }
  const shown = awsType === undefined ? `HTTP ${httpStatus}` : `${awsType}${message === "" ? "" : `: ${message}`}`;
  return new RolesAnywhereError(code, `${operation}: AWS answered ${shown}`, details);
}

/** Of these headers the values let somebody act for us, as long as they last. */
const secretHeaders = ["authorization", "x-amz-security-token"];

/** The answer without the secrets of its request: for a wrong signature AWS repeats what it should have been made over. */
export function withoutSecrets(answer: HttpAnswer, sent: Readonly<Record<string, string>>): HttpAnswer {
  const values = secretHeaders.flatMap((name) => sent[name] ?? []);
  const signature = /Signature=(?<hex>[0-9a-f]+)$/u.exec(sent["authorization"] ?? "")?.groups?.["hex"];
  const secrets = [...values, ...(signature === undefined ? [] : [signature])];
  const clean = (text: string): string =>
    secrets.reduce((left, secret) => left.replaceAll(secret, "[secret removed]"), text);
  const headers = Object.entries(answer.headers).map(([name, value]) => [
    name,
    typeof value === "string" ? clean(value) : value?.map(clean),
  ]);
  return { ...answer, headers: Object.fromEntries(headers) as HttpAnswer["headers"], body: clean(answer.body) };
}

function codeOfAnswer(error: {
  readonly awsType: string | undefined;
  readonly message: string;
  readonly httpStatus: number;
}): RolesAnywhereErrorCode {
  const { awsType, message, httpStatus } = error;
  if (httpStatus < 300) return "ERR_AWS_RESPONSE";
  // AWS uses the type of a wrong signature also for one that is too old or too new, and tells them by the text.
  if (/^Signature (?:expired|not yet current)/iu.test(message)) return "ERR_AWS_CLOCK_SKEW";
  const known = awsType === undefined ? undefined : codeOfType.get(awsType);
  if (known !== undefined) return known;
  if (httpStatus === 429) return "ERR_AWS_THROTTLED";
  if (httpStatus >= 500 || httpStatus === 408) return "ERR_AWS_UNAVAILABLE";
  // Without a type AWS did not say it: a 404 of something else must never read as "this anchor does not exist".
  if (awsType === undefined || httpStatus < 400) return "ERR_AWS_RESPONSE";
  return httpStatus === 403 ? "ERR_AWS_ACCESS_DENIED" : "ERR_AWS_VALIDATION";
}

/** The bare name: AWS writes `namespace#Name`, `Name:http://…`, or both. */
function typeOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const name = value.split(/[:,]/u)[0]?.split("#").at(-1) ?? "";
  return /^[A-Z][A-Za-z]+$/u.test(name) ? name : undefined;
}

function parseBody(text: string): Readonly<Record<string, unknown>> {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3), counted from the answer's own; anything else is not given. */
function parseRetryAfter(value: unknown, date: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  if (/^\d{1,6}$/u.test(value)) return Number(value) * 1_000;
  // Date.parse alone takes almost anything, "-1" for a year.
  const atMs = /^[A-Z][a-z]{2}, /u.test(value) ? Date.parse(value) : Number.NaN;
  const fromMs = Date.parse(String(date));
  return Number.isNaN(atMs) || Number.isNaN(fromMs) ? undefined : Math.max(0, atMs - fromMs);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
