import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { KEY_ALGORITHMS, type LeafKeyAlgorithm } from "../../src/keys/algorithms.ts";

/** A new pair of any type that a leaf can have, made by OpenSSL. */
export function newKeyPair(algorithm: LeafKeyAlgorithm): {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
} {
  const facts = KEY_ALGORITHMS[algorithm];
  if (facts.kind === "RSA") return generateKeyPairSync("rsa", { modulusLength: facts.modulusBits });
  if (facts.kind === "EC") return generateKeyPairSync("ec", { namedCurve: facts.namedCurve });
  return generateKeyPairSync("ed25519");
}
