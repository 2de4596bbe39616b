import { type Authorization, parseScope } from "./canonical-request.ts";
import { type HttpRequest, path, queryParameters } from "./http-request.ts";

// A request that carries its signature in the query, so that whoever holds its URL can send it once more until it expires:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html

const SIGNATURE = "X-Amz-Signature";

/** What a presigned request says of its signature, undecided. */
export interface Presigned {
  readonly authorization: Authorization;
  /** X-Amz-Date as sent. */
  readonly timestamp: string;
  /** Undefined when it is not 1 to 604800. */
  readonly expiresSeconds: number | undefined;
  readonly sessionToken: string | undefined;
  /** The request as it was signed: everything but the signature. */
  readonly unsigned: HttpRequest;
}

/** Whether the query claims to hold a signature. */
export function isPresigned(request: HttpRequest): boolean {
  return queryParameters(request).some(([name]) => name === SIGNATURE);
}

/** Undefined when a part is missing, has another form or is there twice. */
export function readPresigned(request: HttpRequest): Presigned | undefined {
  const parameters = queryParameters(request);
  const one = (name: string): string | undefined => {
    const values = parameters.filter(([each]) => each === name);
    return values.length === 1 ? values[0]?.[1] : undefined;
  };
  const [keyId, scope] = parseScope(one("X-Amz-Credential") ?? "");
  const signature = one(SIGNATURE);
  const timestamp = one("X-Amz-Date");
  const algorithm = one("X-Amz-Algorithm");
  const signedHeaders = one("X-Amz-SignedHeaders");
  if (scope === undefined || signature === undefined || timestamp === undefined) return undefined;
  if (algorithm === undefined || signedHeaders === undefined || !/^[0-9a-f]{64}$/.test(signature)) return undefined;
  const expires = one("X-Amz-Expires") ?? "";
  const seconds = /^\d{1,6}$/.test(expires) ? Number(expires) : 0;
  return {
    authorization: { algorithm, keyId, scope, signedHeaders: signedHeaders.split(";"), signature },
    timestamp,
    expiresSeconds: seconds >= 1 && seconds <= 604_800 ? seconds : undefined,
    sessionToken: one("X-Amz-Security-Token"),
    unsigned: { ...request, target: withoutSignature(request) },
  };
}

function withoutSignature(request: HttpRequest): string {
  const before = path(request);
  const pairs = request.target
    .slice(before.length + 1)
    .split("&")
    .filter((pair) => pair.split("=", 1)[0] !== SIGNATURE);
  return `${before}?${pairs.join("&")}`;
}
