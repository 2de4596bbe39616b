import { type KeyObject, verify } from "node:crypto";
import { bitStringOctets, DerError, DerReader, oidValue, readSequence, TAG } from "./der.ts";
import { sameBytes } from "./distinguished-name.ts";

/** What certificates and CRLs have in common (RFC 5280, 4.1.1): the bytes signed, how, and the signature. */
export interface SignedObject {
  /** The whole tbsCertificate or tbsCertList element, header included. */
  readonly tbs: Uint8Array;
  /** The outer AlgorithmIdentifier, to be compared with the one inside the tbs. */
  readonly algorithm: Uint8Array;
  readonly algorithmOid: string;
  readonly signature: Uint8Array;
}

interface Algorithm {
  readonly keyType: "rsa" | "ec";
  readonly hash: "sha256" | "sha384" | "sha512";
}

// What the service accepts: SHA-256 or stronger, RSA PKCS #1 v1.5 or ECDSA. MD5 and SHA-1 are absent on purpose.
const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  "1.2.840.113549.1.1.11": { keyType: "rsa", hash: "sha256" },
  "1.2.840.113549.1.1.12": { keyType: "rsa", hash: "sha384" },
  "1.2.840.113549.1.1.13": { keyType: "rsa", hash: "sha512" },
  "1.2.840.10045.4.3.2": { keyType: "ec", hash: "sha256" },
  "1.2.840.10045.4.3.3": { keyType: "ec", hash: "sha384" },
  "1.2.840.10045.4.3.4": { keyType: "ec", hash: "sha512" },
};

/** Splits the outer SEQUENCE. `at` is `Certificate` or `CertificateList`. */
export function readSignedObject(der: Uint8Array, at: string): SignedObject {
  const outer = readSequence(der, at);
  const tbs = outer.next(TAG.sequence);
  const algorithm = outer.next(TAG.sequence);
  const signature = bitStringOctets(outer.next(TAG.bitString).content, `${at}.signatureValue`);
  outer.end();
  const algorithmOid = oidValue(new DerReader(algorithm.content, at).next(TAG.oid).content, at);
  return { tbs: tbs.bytes, algorithm: algorithm.bytes, algorithmOid, signature };
}

/** Refuses an inner AlgorithmIdentifier that differs from the outer one (RFC 5280, 4.1.1.2 and 5.1.1.2). */
export function requireSameAlgorithm(object: SignedObject, inner: Uint8Array, at: string): void {
  if (!sameBytes(object.algorithm, inner)) {
    throw new DerError(`${at}: the inner and the outer signature algorithm differ`);
  }
}

/** Is this signed with SHA-256 or stronger by an algorithm that the service accepts? */
export function hasStrongSignature(object: SignedObject): boolean {
  return ALGORITHMS[object.algorithmOid] !== undefined;
}

/** Does this key verify the object? False too when the key is of another type, or the algorithm weak or unknown. */
export function isSignedBy(object: SignedObject, key: KeyObject): boolean {
  const algorithm = ALGORITHMS[object.algorithmOid];
  if (algorithm === undefined || key.asymmetricKeyType !== algorithm.keyType) return false;
  return verify(algorithm.hash, object.tbs, key, object.signature);
}
