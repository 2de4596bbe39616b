import { verify, type KeyObject } from "node:crypto";
import { fieldsOf, unsignedOf } from "../der/fields.ts";
import { readDer } from "../der/read.ts";
import { TAG } from "../der/tag.ts";
import { toHex } from "../lib/bytes.ts";
import { KEY_ALGORITHMS, type LeafKeyAlgorithm } from "./algorithms.ts";

/**
 * The form of a signature before its mathematics: RSA has the modulus's length (RFC 8017, 8.2.2); ECDSA is DER of
 * 0 < r, s < n (RFC 3279, 2.2.3); Ed25519 is R and S < L (RFC 8032, 5.1.7). The OpenSSL of Node 24 refuses
 * the same by itself; that of Node 20 took an ECDSA signature with trailing bytes.
 *
 * @throws DerError; RangeError when a number is out of range
 */
export function assertSignatureForm(algorithm: LeafKeyAlgorithm, signature: Uint8Array): void {
  const facts = KEY_ALGORITHMS[algorithm];
  if (facts.kind === "RSA") {
    if (signature.length * 8 !== facts.modulusBits) throw new RangeError("the signature is not as long as the modulus");
    return;
  }
  if (facts.kind === "Ed25519") {
    const s = signature.subarray(facts.keyBytes).toReversed();
    if (signature.length !== 2 * facts.keyBytes) throw new RangeError("the signature is not 64 octets long");
    if (BigInt(`0x${toHex(s)}`) >= facts.order) throw new RangeError("S of the signature is out of range");
    return;
  }
  const pair = fieldsOf(readDer(signature), TAG.sequence, "ECDSA signature");
  for (const name of ["r", "s"]) {
    const value = unsignedOf(pair.take(TAG.integer, name), name);
    if (value === 0n || value >= facts.order) throw new RangeError(`${name} of the signature is out of range`);
  }
  pair.end();
}

/**
 * PKCS#1 v1.5 for RSA keys, ECDSA in DER for EC keys, Ed25519 without a hash. False for anything that OpenSSL cannot even
 * read.
 */
export function verifySignature(
  hash: string | null,
  signed: Uint8Array,
  publicKey: KeyObject,
  signature: Uint8Array,
): boolean {
  try {
    return verify(hash, signed, publicKey, signature);
  } catch {
    return false;
  }
}
