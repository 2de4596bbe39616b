import { createHmac } from "node:crypto";
import {
  type Authorization,
  parseAuthorization,
  signedHeadersFault,
  stringToSign,
  uriEncode,
} from "./canonical-request.ts";
import type { CredentialStore, Principal } from "./credential-store.ts";
import { header, type HttpRequest, path } from "./http-request.ts";
import { isPresigned, readPresigned } from "./presigned.ts";
import { requestTimeFault } from "./request-time.ts";
import type { Unknowns } from "./unknowns.ts";

const ALGORITHM = "AWS4-HMAC-SHA256";

/** Why a request is not authenticated. Each protocol has its own names for these. */
export type SignatureFaultReason = "missing" | "incomplete" | "unknown-key" | "mismatch" | "expired-credentials";

export class SignatureFault extends Error {
  readonly reason: SignatureFaultReason;

  constructor(reason: SignatureFaultReason, message: string) {
    super(message);
    this.name = "SignatureFault";
    this.reason = reason;
  }
}

export const UNKNOWN_KEY = "The security token included in the request is invalid.";
const MISMATCH =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/**
 * Verifies Signature Version 4, in the Authorization header or in the query, and says who called, and for which region.
 *
 * @throws {SignatureFault}
 */
export function verifySigV4(
  request: HttpRequest,
  expected: {
    readonly service: "rolesanywhere" | "sts" | "iam";
    readonly isRegion: (region: string) => boolean;
    readonly now: Date;
    readonly credentials: CredentialStore;
    readonly unknowns: Pick<Unknowns, "clockSkew">;
  },
): { readonly principal: Principal; readonly region: string } {
  const { service, isRegion, now, credentials } = expected;
  const { authorization, timestamp, sessionToken, signed, expiresSeconds } = isPresigned(request)
    ? proofInQuery(request)
    : proofInHeaders(request);
  if (!isRegion(authorization.scope.region)) {
    throw new SignatureFault(
      "mismatch",
      `Credential should be scoped to a valid region, not '${authorization.scope.region}'.`,
    );
  }
  if (authorization.scope.service !== service) {
    throw new SignatureFault("mismatch", `Credential should be scoped to correct service: '${service}'.`);
  }

  const credential = credentials.find(authorization.keyId);
  if (credential === undefined || sessionToken !== credential.sessionToken) {
    throw new SignatureFault("unknown-key", UNKNOWN_KEY);
  }
  const text = stringToSign({ request: signed, canonicalPath: canonicalPath(signed), authorization, timestamp });
  if (signature(credential.secretAccessKey, authorization, text) !== authorization.signature) {
    throw new SignatureFault("mismatch", MISMATCH);
  }
  const limit = expiresSeconds === undefined ? expected : { ...expected, expiresSeconds };
  const timeFault = requestTimeFault(timestamp, authorization.scope.date, limit);
  if (timeFault !== undefined) throw new SignatureFault("mismatch", timeFault);
  if (credential.expiresAt !== undefined && credential.expiresAt <= now) {
    throw new SignatureFault("expired-credentials", "The security token included in the request is expired");
  }
  return { principal: credential.principal, region: authorization.scope.region };
}

/** What a request says of its own signature. */
interface Proof {
  readonly authorization: Authorization;
  /** X-Amz-Date as sent. */
  readonly timestamp: string;
  readonly sessionToken: string | undefined;
  /** The request as it was signed. */
  readonly signed: HttpRequest;
  readonly expiresSeconds?: number;
}

const isAmz = (name: string): boolean => name.startsWith("x-amz-");

/** @throws {SignatureFault} */
function proofInHeaders(request: HttpRequest): Proof {
  const value = header(request, "authorization");
  if (value === undefined) throw new SignatureFault("missing", "Missing Authentication Token");
  const authorization = parseAuthorization(value);
  const timestamp = header(request, "x-amz-date");
  if (authorization?.algorithm !== ALGORITHM || timestamp === undefined) {
    throw new SignatureFault("incomplete", "Authorization header or X-Amz-Date is missing or malformed.");
  }
  const headersFault = signedHeadersFault(request, authorization, isAmz);
  if (headersFault !== undefined) throw new SignatureFault("incomplete", headersFault);
  return { authorization, timestamp, sessionToken: header(request, "x-amz-security-token"), signed: request };
}

/** @throws {SignatureFault} */
function proofInQuery(request: HttpRequest): Proof {
  const { authorization, timestamp, expiresSeconds, sessionToken, unsigned } = readPresigned(request) ?? {};
  if (authorization?.algorithm !== ALGORITHM || timestamp === undefined || unsigned === undefined) {
    throw new SignatureFault("incomplete", "AWS query-string parameters are missing or malformed.");
  }
  if (expiresSeconds === undefined)
    throw new SignatureFault("incomplete", "X-Amz-Expires must be 1 to 604800 seconds.");
  const headersFault = signedHeadersFault(request, authorization, isAmz, ["host"]);
  if (headersFault !== undefined) throw new SignatureFault("incomplete", headersFault);
  return { authorization, timestamp, sessionToken, signed: unsigned, expiresSeconds };
}

// Every service but S3 encodes the path, as sent, once more.
function canonicalPath(request: HttpRequest): string {
  return path(request).split("/").map(uriEncode).join("/");
}

function signature(secret: string, authorization: Authorization, signed: string): string {
  const { date, region, service } = authorization.scope;
  const hmac = (key: string | Uint8Array, data: string): Uint8Array => createHmac("sha256", key).update(data).digest();
  const key = [region, service, "aws4_request"].reduce(hmac, hmac(`AWS4${secret}`, date));
  return createHmac("sha256", key).update(signed).digest("hex");
}
