import { createHash } from "node:crypto";
import { type HttpRequest, queryParameters } from "./http-request.ts";

// What Signature Version 4 and the X.509 signature of CreateSession share:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html

/** The parts of an Authorization header. */
export interface Authorization {
  readonly algorithm: string;
  /** The access key id, or the certificate's serial in decimal. */
  readonly keyId: string;
  readonly scope: CredentialScope;
  readonly signedHeaders: readonly string[];
  /** Lower-case hex. */
  readonly signature: string;
}

export interface CredentialScope {
  /** YYYYMMDD */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** Undefined when the header has another form. */
export function parseAuthorization(value: string): Authorization | undefined {
  const match =
    /^(?<algorithm>[A-Z0-9-]+) Credential=(?<keyId>[^/,\s]+)\/(?<date>\d{8})\/(?<region>[^/,\s]+)\/(?<service>[^/,\s]+)\/aws4_request, ?SignedHeaders=(?<signedHeaders>[^,\s]+), ?Signature=(?<signature>[0-9a-f]+)$/.exec(
      value,
    );
  if (match?.groups === undefined) return undefined;
  const {
    algorithm = "",
    keyId = "",
    date = "",
    region = "",
    service = "",
    signedHeaders = "",
    signature = "",
  } = match.groups;
  return { algorithm, keyId, scope: { date, region, service }, signedHeaders: signedHeaders.split(";"), signature };
}

/** The key id and the scope of a `Credential`; the scope is undefined when it has another form. */
export function parseScope(credential: string): readonly [keyId: string, scope: CredentialScope | undefined] {
  const [keyId = "", date = "", region = "", service = "", end, ...rest] = credential.split("/");
  const fits = /^\d{8}$/.test(date) && region !== "" && service !== "" && end === "aws4_request" && rest.length === 0;
  return [keyId, fits ? { date, region, service } : undefined];
}

/** The string that is signed. `canonicalPath` is given by the caller, since the two signatures treat the path differently. */
export function stringToSign(options: {
  readonly request: HttpRequest;
  readonly canonicalPath: string;
  readonly authorization: Authorization;
  /** X-Amz-Date as sent. */
  readonly timestamp: string;
}): string {
  const { request, canonicalPath, authorization, timestamp } = options;
  const canonical = [
    request.method,
    canonicalPath,
    canonicalQuery(request),
    ...authorization.signedHeaders.map((name) => `${name}:${canonicalHeader(request, name)}`),
    "",
    authorization.signedHeaders.join(";"),
    sha256Hex(request.body),
  ].join("\n");
  const { date, region, service } = authorization.scope;
  return [authorization.algorithm, timestamp, `${date}/${region}/${service}/aws4_request`, sha256Hex(canonical)].join(
    "\n",
  );
}

/** Percent-encodes everything but RFC 3986's unreserved characters. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * What is wrong with the list of signed headers, if anything: it must name the host, the date (unless the query has it) and
 * whatever of `required` the request carries, in lower case and sorted, and every header it names must be there.
 */
export function signedHeadersFault(
  request: HttpRequest,
  authorization: Authorization,
  isRequired: (name: string) => boolean,
  always: readonly string[] = ["host", "x-amz-date"],
): string | undefined {
  const signed = authorization.signedHeaders;
  const sorted = [...signed].sort();
  if (signed.some((name, index) => name !== sorted[index] || name !== name.toLowerCase())) {
    return "SignedHeaders is not in lower case and sorted.";
  }
  const absent = signed.find((name) => request.headers[name] === undefined);
  if (absent !== undefined) return `SignedHeaders names '${absent}', which the request does not have.`;
  const unsigned = [...always, ...Object.keys(request.headers).filter((name) => isRequired(name))].find(
    (name) => !signed.includes(name),
  );
  return unsigned === undefined ? undefined : `'${unsigned}' must be a signed header.`;
}

function canonicalQuery(request: HttpRequest): string {
  return queryParameters(request)
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function canonicalHeader(request: HttpRequest, name: string): string {
  return (request.headers[name] ?? []).map((value) => value.trim().replace(/ +/g, " ")).join(",");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
