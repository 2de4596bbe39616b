import { DER_NULL, bitString, objectIdentifier, sequence, unsignedInteger } from "../../src/der/write.ts";
import { smallFactorOf } from "../../src/keys/rsa-weakness.ts";
import { OID } from "../../src/lib/oids.ts";

/** An RSA SubjectPublicKeyInfo of any numbers. */
export function rsaSpki(modulus: bigint, exponent: bigint = 65537n): Uint8Array {
  const key = sequence(unsignedInteger(octetsOf(modulus)), unsignedInteger(octetsOf(exponent)));
  return sequence(sequence(objectIdentifier(OID.rsaEncryption), DER_NULL), bitString(key));
}

export function octetsOf(value: bigint): Uint8Array {
  const hex = value.toString(16);
  return Uint8Array.from(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex"));
}

/** The first number from `start` in steps of `step` that no small prime divides. */
export function withoutSmallFactor(start: bigint, step: bigint): bigint {
  for (let candidate = start; ; candidate += step) if (smallFactorOf(candidate) === undefined) return candidate;
}
