import { bitString, DER_NULL, objectIdentifier, sequence, unsignedInteger } from "../der/write.ts";
import { OID } from "../lib/oids.ts";
import { KEY_ALGORITHMS, type LeafKeyAlgorithm } from "./algorithms.ts";

/** The only public exponent that is accepted. */
export const RSA_EXPONENT = 65537n;

const EXPONENT_DER = unsignedInteger(Uint8Array.of(1, 0, 1));

const RSA = sequence(objectIdentifier(OID.rsaEncryption), DER_NULL);
const ec = (curve: string): Uint8Array => sequence(objectIdentifier(OID.ecPublicKey), objectIdentifier(curve));

/** The AlgorithmIdentifiers of keys, DER: RFC 3279, 2.3.1; RFC 5480, 2.1.1; RFC 8410, 3. Those of RSA are all one. */
export const KEY_IDENTIFIERS: { readonly [algorithm in LeafKeyAlgorithm]: Uint8Array } = {
  "RSA-2048": RSA,
  "RSA-3072": RSA,
  "RSA-4096": RSA,
  "ECDSA-P256": ec(OID.secp256r1),
  "ECDSA-P384": ec(OID.secp384r1),
  Ed25519: sequence(objectIdentifier(OID.ed25519)),
};

/**
 * The one encoding of a SubjectPublicKeyInfo that is accepted, written from the octets of an RSA modulus, an uncompressed
 * EC point or an Ed25519 key. The same bytes as OpenSSL's export, which takes longer than reading the key and verifying an
 * RSA signature with it.
 */
export function canonicalSpki(algorithm: LeafKeyAlgorithm, octets: Uint8Array): Uint8Array {
  const isRsa = KEY_ALGORITHMS[algorithm].kind === "RSA";
  const bits = isRsa ? sequence(unsignedInteger(octets), EXPONENT_DER) : octets;
  return sequence(KEY_IDENTIFIERS[algorithm], bitString(bits));
}
