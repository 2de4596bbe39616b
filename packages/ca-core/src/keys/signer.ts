import { createPublicKey, type KeyObject } from "node:crypto";
import { CaError } from "../errors.ts";
import { equalBytes, plain } from "../lib/bytes.ts";
import { KEY_ALGORITHMS, SIGNATURE_ALGORITHM_DER, SIGNING_HASH, type KeyAlgorithm } from "./algorithms.ts";
import { assertSignatureForm, verifySignature } from "./signature.ts";

/**
 * A CA key that can sign, wherever it lives: in this process, a token or a key service.
 * What it returns is never trusted: every signature is verified before it is used.
 */
export interface Signer {
  readonly algorithm: KeyAlgorithm;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeySpki: Uint8Array;
  /** Signs these bytes with SHA-256: RSASSA-PKCS1-v1_5, or ECDSA as DER. An implementation may hash them itself. */
  sign(tbs: Uint8Array): Promise<Uint8Array>;
}

/** The AlgorithmIdentifier that goes into what this signer signs. */
export function signatureAlgorithmOf(algorithm: KeyAlgorithm): Uint8Array {
  return SIGNATURE_ALGORITHM_DER[KEY_ALGORITHMS[algorithm].kind];
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
export async function signVerified(signer: Signer, tbs: Uint8Array, publicKey: KeyObject): Promise<Uint8Array> {
  // A copy: what a signer does to its argument does not reach what is published.
  const signature = plain(await signer.sign(plain(tbs)));
  try {
    assertSignatureForm(signer.algorithm, signature);
  } catch (cause) {
    throw new CaError("ERR_SIGNER_SIGNATURE", "the signer returned a malformed signature", { cause });
  }
  if (!verifySignature(SIGNING_HASH, tbs, publicKey, signature)) {
    throw new CaError("ERR_SIGNER_SIGNATURE", "the signer returned a signature that does not verify");
  }
  return signature;
}

export function publicKeyObject(spki: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
}
