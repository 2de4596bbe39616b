import { createHash } from "node:crypto";

/** A request as it will be sent, before its Authorization header is there. */
export interface SignableRequest {
  readonly method: "DELETE" | "GET" | "PATCH" | "POST";
  /** Origin and path. Paths of this service hold letters, digits, `/` and `-` alone, so that nothing needs escaping. */
  readonly url: URL;
  readonly query: Readonly<Record<string, string>>;
  /**
   * Names in lower case; `host` and `x-amz-date` are added when it is signed. Every one is signed, as it is: none has spaces at
   * its ends or in a row, which AWS would fold.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The address of a request with its query. */
export function urlOf({ url, query }: SignableRequest): URL {
  const text = queryString(query);
  return text === "" ? url : new URL(`?${text}`, url);
}

/**
 * What a signature is made over: for the request the string to sign, and the headers without their signature.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function prepareSignature(
  request: SignableRequest,
  options: { readonly algorithm: string; readonly region: string; readonly at: Date },
): {
  readonly headers: Readonly<Record<string, string>>;
  readonly signedHeaders: string;
  readonly scope: string;
  readonly stringToSign: string;
} {
  const { algorithm, region, at } = options;
  const amzDate = `${at.toISOString().slice(0, 19).replaceAll(/[-:]/gu, "")}Z`;
  const scope = `${amzDate.slice(0, 8)}/${region}/rolesanywhere/aws4_request`;
  const headers = { ...request.headers, host: request.url.host, "x-amz-date": amzDate };
  const names = Object.keys(headers).toSorted();
  const signedHeaders = names.join(";");
  const canonical = [
    request.method,
    request.url.pathname,
    queryString(request.query),
    ...Object.entries(headers)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}:${value}`),
    "",
    signedHeaders,
    sha256(request.body),
  ].join("\n");
  return { headers, signedHeaders, scope, stringToSign: [algorithm, amzDate, scope, sha256(canonical)].join("\n") };
}

/** The query as it is signed and sent: sorted, and everything escaped but the unreserved characters (RFC 3986, 2.3). */
export function queryString(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${escape(name)}=${escape(value)}`)
    .toSorted()
    .join("&");
}

function escape(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/gu,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
