import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { encodePem } from "../der/pem.ts";
import { CaError } from "../errors.ts";
import { equalBytes, plain } from "../lib/bytes.ts";
import {
  KEY_ALGORITHMS,
  SIGNATURE_ALGORITHM_DER,
  SIGNING_HASH,
  type KeyAlgorithm,
  type SigningHash,
} from "./algorithms.ts";
import { assertSignatureForm, verifySignature } from "./signature.ts";

/**
 * A CA key that can sign, wherever it lives: in this process, a token or a key service.
 * What it returns is never trusted: every signature is verified before it is used.
 */
export interface Signer {
  readonly algorithm: KeyAlgorithm;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeySpki: Uint8Array;
  /** RSASSA-PKCS1-v1_5 (RFC 8017, 8.2), or ECDSA as DER (RFC 3279, 2.2.3), over the digest that is asked for. */
  sign(request: SigningRequest): Promise<Uint8Array>;
}

/**
 * What is to be signed. Key services and tokens sign `digest()`; a signer whose library wants to hash by itself (as
 * node:crypto does) takes `message`. Both are the caller's: a signer must not change them.
 */
export interface SigningRequest {
  readonly hash: SigningHash;
  readonly message: Uint8Array;
  /** The digest of `message` by `hash`. */
  readonly digest: () => Uint8Array;
}

/** The AlgorithmIdentifier that goes into what a key of this kind signs. */
export function signatureAlgorithmOf(algorithm: KeyAlgorithm, hash: SigningHash = SIGNING_HASH): Uint8Array {
  return SIGNATURE_ALGORITHM_DER[KEY_ALGORITHMS[algorithm].kind][hash];
}

/** Refuses a signer that is not the owner of this public key. */
export function assertSignerKey(signer: Signer, spki: Uint8Array): void {
  if (!equalBytes(signer.publicKeySpki, spki)) {
    throw new CaError("ERR_SIGNER_KEY", "the signer's public key is not the root's: this is another generation's key");
  }
}

/**
 * Signs and verifies.
 * @throws CaError ERR_SIGNER_SIGNATURE when what came back does not verify
 */
export async function signVerified(
  signer: Signer,
  tbs: Uint8Array,
  publicKey: KeyObject,
  hash: SigningHash = SIGNING_HASH,
): Promise<Uint8Array> {
  // A copy: what a signer does to its argument does not reach what is published.
  const message = plain(tbs);
  const digest = (): Uint8Array => plain(createHash(hash).update(message).digest());
  const signature = plain(await signer.sign({ hash, message, digest }));
  try {
    assertSignatureForm(signer.algorithm, signature);
  } catch (cause) {
    throw new CaError("ERR_SIGNER_SIGNATURE", "the signer returned a malformed signature", { cause });
  }
  if (!verifySignature(hash, tbs, publicKey, signature)) {
    throw new CaError("ERR_SIGNER_SIGNATURE", "the signer returned a signature that does not verify");
  }
  return signature;
}

/**
 * OpenSSL's reading of a SubjectPublicKeyInfo. It is handed over as PEM since createPublicKey (Node 24.21) finds out that
 * an object is no KeyObject by throwing and catching exceptions, with their stack traces: 65 to 90 microseconds for DER
 * in an object, 25 for a string.
 *
 * @throws Error when OpenSSL cannot read it, as for a point off its curve
 */
export function publicKeyObject(spki: Uint8Array): KeyObject {
  return createPublicKey(encodePem("PUBLIC KEY", spki));
}
