import { sign, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { DER_NULL, sequence, unsignedInteger } from "../../src/der/write.ts";
import { DerError } from "../../src/index.ts";
import { KEY_ALGORITHMS, type LeafKeyAlgorithm } from "../../src/keys/algorithms.ts";
import { assertSignatureForm, verifySignature } from "../../src/keys/signature.ts";
import { hex } from "../support/bytes.ts";
import { newKeyPair } from "../support/key-pair.ts";
import { octetsOf } from "../support/rsa.ts";

const P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const L = KEY_ALGORITHMS.Ed25519.order;
const integer = (value: bigint): Uint8Array => unsignedInteger(octetsOf(value));
const ecdsa = (r: bigint, s: bigint): Uint8Array => sequence(integer(r), integer(s));
const ed25519 = (s: bigint): Uint8Array => {
  const octets = hex(s.toString(16).padStart(64, "0")).toReversed();
  return Uint8Array.of(...new Uint8Array(32).fill(0xff), ...octets);
};

describe("of the form of a signature it is said that it is", () => {
  test.each<[fact: string, algorithm: LeafKeyAlgorithm, signature: Uint8Array]>([
    ["RSA as long as the modulus", "RSA-2048", new Uint8Array(256)],
    ["ECDSA with the least r and s", "ECDSA-P256", ecdsa(1n, 1n)],
    ["ECDSA with the greatest r and s", "ECDSA-P256", ecdsa(P256 - 1n, P256 - 1n)],
    ["Ed25519 with the least S", "Ed25519", ed25519(0n)],
    ["Ed25519 with the greatest S", "Ed25519", ed25519(L - 1n)],
  ])("right: %s", (_, algorithm, signature) => {
    expect(() => assertSignatureForm(algorithm, signature)).not.toThrow();
  });

  test.each<[fact: string, algorithm: LeafKeyAlgorithm, signature: Uint8Array, rule: string]>([
    ["RSA, an octet short", "RSA-2048", new Uint8Array(255), "the signature is not as long as the modulus"],
    ["RSA, an octet too long", "RSA-2048", new Uint8Array(257), "the signature is not as long as the modulus"],
    ["ECDSA with r = 0", "ECDSA-P256", ecdsa(0n, 1n), "r of the signature is out of range"],
    ["ECDSA with s = 0", "ECDSA-P256", ecdsa(1n, 0n), "s of the signature is out of range"],
    ["ECDSA with r = n", "ECDSA-P256", ecdsa(P256, 1n), "r of the signature is out of range"],
    ["ECDSA with s = n", "ECDSA-P256", ecdsa(1n, P256), "s of the signature is out of range"],
    ["Ed25519 with S = L", "Ed25519", ed25519(L), "S of the signature is out of range"],
    ["Ed25519, an octet short", "Ed25519", ed25519(1n).subarray(0, 63), "the signature is not 64 octets long"],
    ["Ed25519 without an octet", "Ed25519", new Uint8Array(), "the signature is not 64 octets long"],
    ["Ed25519, an octet too long", "Ed25519", Uint8Array.of(...ed25519(1n), 0), "the signature is not 64 octets long"],
  ])("wrong: %s", (_, algorithm, signature, rule) => {
    expect(() => assertSignatureForm(algorithm, signature)).toThrow(new RangeError(rule));
  });

  test.each([
    ["with a third member", sequence(integer(1n), integer(1n), DER_NULL)],
    ["without s", sequence(integer(1n))],
    ["with a negative r", sequence(hex("0201ff"), integer(1n))],
    ["with a byte after it", Uint8Array.of(...ecdsa(1n, 1n), 0)],
  ])("wrong: ECDSA %s", (_, signature) => {
    expect(() => assertSignatureForm("ECDSA-P256", signature)).toThrow(DerError);
  });
});

describe("a signature", () => {
  const signed = Buffer.from("what is signed");
  const { publicKey, privateKey } = newKeyPair("Ed25519");

  test("verifies over what was signed, and over nothing else", () => {
    const signature = sign(null, signed, privateKey);
    expect(verifySignature(null, signed, publicKey, signature)).toBe(true);
    expect(verifySignature(null, Buffer.from("another text"), publicKey, signature)).toBe(false);
  });

  test("does not verify by what OpenSSL knows no way to verify by, and throws", () => {
    const signature = sign(null, signed, privateKey);
    expect(() => verify("sha256", signed, publicKey, signature)).toThrow(Error);
    expect(verifySignature("sha256", signed, publicKey, signature)).toBe(false);
  });
});
