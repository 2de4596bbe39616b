import { verify } from "node:crypto";
import { parseAuthorization, signedHeadersFault, stringToSign } from "./canonical-request.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { DerError } from "./der.ts";
import { accessDenied, ServiceError } from "./errors.ts";
import { header, type HttpRequest } from "./http-request.ts";
import { decodeBase64 } from "./pem.ts";
import { requestTimeFault } from "./request-time.ts";
import type { Unknowns } from "./unknowns.ts";

/** Key type by algorithm name. ECDSA uses SHA-256 whatever the curve. */
const KEY_TYPES: Readonly<Record<string, "rsa" | "ec">> = {
  "AWS4-X509-RSA-SHA256": "rsa",
  "AWS4-X509-ECDSA-SHA256": "ec",
};

/** At most this many certificates in X-Amz-X509-Chain, whichever they are. */
const MAX_CHAIN = 5;

/** What a caller of CreateSession has proven to hold. */
export interface ProvenCertificate {
  readonly leaf: Certificate;
  /** What X-Amz-X509-Chain carried, in its order. */
  readonly presented: readonly Certificate[];
  /** The region that the signature is for. */
  readonly region: string;
}

/**
 * Verifies the X.509 signature of a CreateSession request: that its sender holds the key of the certificate it carries.
 * Says nothing yet about who issued that certificate.
 * https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html
 *
 * @throws {ServiceError}
 */
export function verifyX509Signature(
  request: HttpRequest,
  expected: {
    readonly isRegion: (region: string) => boolean;
    readonly now: Date;
    readonly unknowns: Pick<Unknowns, "clockSkew">;
  },
): ProvenCertificate {
  const value = header(request, "authorization");
  if (value === undefined) {
    throw new ServiceError("MissingAuthenticationTokenException", 403, "Missing Authentication Token");
  }
  const authorization = parseAuthorization(value);
  const timestamp = header(request, "x-amz-date");
  const leafText = header(request, "x-amz-x509");
  if (authorization === undefined || timestamp === undefined || leafText === undefined) {
    throw accessDenied("Authorization, X-Amz-Date or X-Amz-X509 is missing or malformed.");
  }
  const headersFault = signedHeadersFault(
    request,
    authorization,
    (name) => name === "x-amz-x509" || name === "x-amz-x509-chain",
  );
  if (headersFault !== undefined) throw accessDenied(headersFault);
  const { region, service } = authorization.scope;
  if (!expected.isRegion(region) || service !== "rolesanywhere") {
    throw accessDenied(`Credential should be scoped to a valid region and rolesanywhere, not ${region}/${service}.`);
  }

  const leaf = decodeCertificate(leafText, "X-Amz-X509");
  const keyType = KEY_TYPES[authorization.algorithm];
  if (keyType === undefined || leaf.publicKey.asymmetricKeyType !== keyType) {
    throw accessDenied(`${authorization.algorithm} does not fit the key of the certificate.`);
  }
  if (authorization.keyId !== leaf.serial.toString()) {
    throw accessDenied("Credential does not carry the decimal serial number of the certificate.");
  }
  // The path is always /sessions: clients sign that even when their endpoint has a path prefix.
  const signed = stringToSign({ request, canonicalPath: "/sessions", authorization, timestamp });
  const signature = Buffer.from(authorization.signature, "hex");
  if (!verify("sha256", Buffer.from(signed), leaf.publicKey, signature)) {
    throw accessDenied("The request signature does not match the request and the certificate.");
  }
  const timeFault = requestTimeFault(timestamp, authorization.scope.date, expected);
  if (timeFault !== undefined) throw accessDenied(timeFault);
  return { leaf, presented: readChain(request), region };
}

function readChain(request: HttpRequest): readonly Certificate[] {
  const values = request.headers["x-amz-x509-chain"];
  if (values === undefined) return [];
  const entries = values.join(",").split(",");
  if (entries.length > MAX_CHAIN)
    throw accessDenied(`X-Amz-X509-Chain has ${entries.length} certificates, more than 5.`);
  return entries.map((entry) => decodeCertificate(entry.trim(), "X-Amz-X509-Chain"));
}

function decodeCertificate(text: string, name: string): Certificate {
  const der = decodeBase64(text);
  if (der === undefined) throw accessDenied(`${name} is not base64 on one line.`);
  try {
    return readCertificate(der);
  } catch (error) {
    if (error instanceof DerError) throw accessDenied(`${name}: ${error.message}`);
    throw error;
  }
}
