import { createECDH, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { contentOf, encodingOf, readDer } from "../../src/der/read.ts";
import { TAG } from "../../src/der/tag.ts";
import { DER_NULL, bitString, objectIdentifier, sequence, tlv, unsignedInteger } from "../../src/der/write.ts";
import type { Violation, ViolationCode } from "../../src/index.ts";
import { checkPublicKey } from "../../src/keys/check-public-key.ts";
import { OID } from "../../src/lib/oids.ts";
import { hex } from "../support/bytes.ts";
import { newKeyPair } from "../support/key-pair.ts";
import { LEAF_ALGORITHMS } from "../support/large-test.ts";
import { codesOf, requestPem } from "../support/request.ts";
import { octetsOf, rsaSpki, withoutSmallFactor } from "../support/rsa.ts";

function codeOf(spki: Uint8Array): ViolationCode | "accepted" {
  const checked = checkPublicKey(readDer(spki), "key");
  return checked.ok ? "accepted" : checked.violations[0].code;
}

/** Passes every test of the policy that does not ask for its factors. */
const plausible = (bits: number): bigint =>
  withoutSmallFactor(2n ** BigInt(bits - 1) + 2n ** BigInt(bits - 9) + 1n, 2n);
const honest = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "der", type: "spki" });

/** The product of two odd numbers that differ by little, as of a generator that takes the next prime. */
function closePrimes(): bigint {
  for (let middle = 3n * 2n ** 1022n; ; middle += 2n) {
    const product = (middle - 7n) * (middle + 7n);
    if (withoutSmallFactor(product, 2n) === product) return product;
  }
}

/** A number that is a power of 65537 modulo each of the small primes, as moduli of CVE-2017-15361 are. */
function rocaModulus(): bigint {
  const primorial = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101]
    .concat([103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167])
    .reduce((product, prime) => product * BigInt(prime), 2n);
  let power = 1n;
  for (let i = 0; i < 12_345; i += 1) power = (power * 65537n) % primorial;
  const start = power + primorial * (2n ** 2047n / primorial + 1n);
  return withoutSmallFactor(start, primorial);
}

const ecSpki = (curve: string, point: Uint8Array): Uint8Array =>
  sequence(sequence(objectIdentifier(OID.ecPublicKey), objectIdentifier(curve)), bitString(point));
const ecKey = createECDH("prime256v1");
ecKey.generateKeys();
const point = (format: "uncompressed" | "compressed" | "hybrid"): Uint8Array =>
  Uint8Array.from(ecKey.getPublicKey(null, format));
const exported = (type: "ec", namedCurve: string): Uint8Array =>
  Uint8Array.from(generateKeyPairSync(type, { namedCurve }).publicKey.export({ format: "der", type: "spki" }));
const explicitParameters = (): Uint8Array =>
  Uint8Array.from(
    generateKeyPairSync("ec", { namedCurve: "prime256v1", paramEncoding: "explicit" }).publicKey.export({
      format: "der",
      type: "spki",
    }),
  );
const other = (oid: string, key: Uint8Array): Uint8Array => sequence(sequence(objectIdentifier(oid)), bitString(key));
/** The algorithm and the BIT STRING. */
const partsOf = (spki: Uint8Array): [algorithm: Uint8Array, bits: Uint8Array] => {
  const [algorithm, bits] = readDer(Uint8Array.from(spki)).children;
  if (algorithm === undefined || bits === undefined) throw new Error("no key");
  return [encodingOf(algorithm), encodingOf(bits)];
};
const withGarbage = (): Uint8Array => {
  const [algorithm, bits] = partsOf(honest);
  return sequence(algorithm, bitString(Uint8Array.of(...contentOf(readDer(bits)).subarray(1), 0)));
};
/** The same octets, of which the last bit, a zero, is said not to count. */
const inPartOfAnOctet = (spki: Uint8Array): Uint8Array => {
  const [algorithm, bits] = partsOf(spki);
  return sequence(algorithm, tlv(TAG.bitString, Uint8Array.of(1, ...contentOf(readDer(bits)).subarray(1))));
};
const rsaWith = (
  parameters: readonly Uint8Array[],
  oid: string = OID.rsaEncryption,
  ...more: readonly Uint8Array[]
): Uint8Array =>
  sequence(
    sequence(objectIdentifier(oid), ...parameters),
    bitString(sequence(unsignedInteger(octetsOf(plausible(2048))), unsignedInteger(hex("010001")), ...more)),
  );

const ED25519_FIELD = 2n ** 255n - 19n;
/** The octets of the point with this y and, in bit 255, this sign of x. */
function ed25519Point(y: bigint): Uint8Array {
  return hex(y.toString(16).padStart(64, "0")).toReversed();
}

describe("the key policy refuses", () => {
  test.each([
    ["K01: RSA-512", rsaSpki(plausible(512)), "ERR_KEY_RSA_SIZE"],
    ["K01: RSA-1024", rsaSpki(plausible(1024)), "ERR_KEY_RSA_SIZE"],
    ["K01: RSA-2047", rsaSpki(plausible(2047)), "ERR_KEY_RSA_SIZE"],
    ["K01: RSA-2049", rsaSpki(plausible(2049)), "ERR_KEY_RSA_SIZE"],
    ["K01: RSA-8192", rsaSpki(plausible(8192)), "ERR_KEY_RSA_SIZE"],
    ["K01: RSA-16384", rsaSpki(2n ** 16383n + 1n), "ERR_KEY_RSA_SIZE"],
    ["K01: RSA-32768", rsaSpki(2n ** 32767n + 1n), "ERR_KEY_RSA_SIZE"],
    ["K02: e = 1", rsaSpki(plausible(2048), 1n), "ERR_KEY_RSA_EXPONENT"],
    ["K02: e = 2", rsaSpki(plausible(2048), 2n), "ERR_KEY_RSA_EXPONENT"],
    ["K02: e = 3", rsaSpki(plausible(2048), 3n), "ERR_KEY_RSA_EXPONENT"],
    ["K02: e = 65536", rsaSpki(plausible(2048), 65536n), "ERR_KEY_RSA_EXPONENT"],
    ["K02: e = 2^2047", rsaSpki(plausible(2048), 2n ** 2047n), "ERR_KEY_RSA_EXPONENT"],
    ["K02: e > n", rsaSpki(plausible(2048), 2n ** 2050n), "ERR_KEY_RSA_EXPONENT"],
    [
      "K02: a negative modulus",
      sequence(
        sequence(objectIdentifier(OID.rsaEncryption), DER_NULL),
        bitString(sequence(hex("0201ff"), hex("020103"))),
      ),
      "ERR_DER_STRUCTURE",
    ],
    ["K03: an even modulus", rsaSpki(plausible(2048) + 1n), "ERR_KEY_RSA_EVEN"],
    ["K03: a modulus that 3 divides", rsaSpki(3n * plausible(2046 + 1)), "ERR_KEY_RSA_SMALL_FACTOR"],
    ["K03: a modulus that 751 divides", rsaSpki(751n * plausible(2039)), "ERR_KEY_RSA_SMALL_FACTOR"],
    ["K03: close primes", rsaSpki(closePrimes()), "ERR_KEY_RSA_CLOSE_PRIMES"],
    ["K03: the fingerprint of CVE-2017-15361", rsaSpki(rocaModulus()), "ERR_KEY_RSA_ROCA"],
    ["K04: bytes after the key", withGarbage(), "ERR_DER_TRAILING"],
    ["K04: RSA without parameters", rsaWith([]), "ERR_DER_STRUCTURE"],
    ["K04: RSA with other parameters", rsaWith([hex("0500"), hex("0500")]), "ERR_DER_STRUCTURE"],
    ["K04: RSA with an object identifier as parameters", rsaWith([objectIdentifier("1.2.3")]), "ERR_KEY_ENCODING"],
    [
      "K04: RSA with a third number",
      rsaWith([DER_NULL], OID.rsaEncryption, unsignedInteger(hex("03"))),
      "ERR_DER_STRUCTURE",
    ],
    [
      "K04: RSA in bits that are no whole octets",
      inPartOfAnOctet(rsaSpki(plausible(2048), 65536n)),
      "ERR_DER_BIT_STRING",
    ],
    ["K04: a member after the key", sequence(...partsOf(honest), DER_NULL), "ERR_DER_STRUCTURE"],
    ["K04: RSA-PSS", rsaWith([], "1.2.840.113549.1.1.10"), "ERR_KEY_ALGORITHM"],
    ["K04: RSA-OAEP", rsaWith([], "1.2.840.113549.1.1.7"), "ERR_KEY_ALGORITHM"],
    ["K05: explicit parameters", explicitParameters(), "ERR_KEY_EC_CURVE"],
    [
      "K05: two curves",
      sequence(
        sequence(objectIdentifier(OID.ecPublicKey), objectIdentifier(OID.secp256r1), objectIdentifier(OID.secp384r1)),
        bitString(point("uncompressed")),
      ),
      "ERR_DER_STRUCTURE",
    ],
    ["K05: a curve that does not exist", ecSpki("1.2.3.4", point("uncompressed")), "ERR_KEY_EC_CURVE"],
    ["K05: a binary curve", exported("ec", "sect233r1"), "ERR_KEY_EC_CURVE"],
    ["K05: secp224r1", exported("ec", "secp224r1"), "ERR_KEY_EC_CURVE"],
    ["K05: secp256k1", exported("ec", "secp256k1"), "ERR_KEY_EC_CURVE"],
    ["K05: brainpoolP256r1", exported("ec", "brainpoolP256r1"), "ERR_KEY_EC_CURVE"],
    ["K05: P-521", exported("ec", "secp521r1"), "ERR_KEY_EC_CURVE"],
    [
      "K05: no curve",
      sequence(sequence(objectIdentifier(OID.ecPublicKey)), bitString(point("uncompressed"))),
      "ERR_DER_STRUCTURE",
    ],
    [
      "K06: a point off the curve",
      ecSpki(OID.secp256r1, Uint8Array.of(4, ...new Uint8Array(64).fill(1))),
      "ERR_KEY_EC_POINT",
    ],
    ["K06: the point at infinity", ecSpki(OID.secp256r1, Uint8Array.of(0)), "ERR_KEY_EC_POINT"],
    ["K06: a compressed point", ecSpki(OID.secp256r1, point("compressed")), "ERR_KEY_EC_POINT"],
    ["K06: a hybrid point", ecSpki(OID.secp256r1, point("hybrid")), "ERR_KEY_EC_POINT"],
    [
      "K06: a coordinate above p",
      ecSpki(OID.secp256r1, Uint8Array.of(4, ...new Uint8Array(32).fill(0xff), ...point("uncompressed").subarray(33))),
      "ERR_KEY_EC_POINT",
    ],
    ["K06: a point of P-256 on P-384", ecSpki(OID.secp384r1, point("uncompressed")), "ERR_KEY_EC_POINT"],
    ["K06: an empty point", ecSpki(OID.secp256r1, new Uint8Array(0)), "ERR_KEY_EC_POINT"],
    ["K07: Ed25519 of 31 octets", other(OID.ed25519, new Uint8Array(31).fill(9)), "ERR_KEY_ED25519"],
    ["K07: Ed25519 of 33 octets", other(OID.ed25519, new Uint8Array(33).fill(9)), "ERR_KEY_ED25519"],
    ["K07: Ed25519 of order 1", other(OID.ed25519, ed25519Point(1n)), "ERR_KEY_ED25519"],
    ["K07: Ed25519 of order 1, sign set", other(OID.ed25519, ed25519Point(1n + 2n ** 255n)), "ERR_KEY_ED25519"],
    ["K07: Ed25519 of order 2", other(OID.ed25519, ed25519Point(ED25519_FIELD - 1n)), "ERR_KEY_ED25519"],
    ["K07: Ed25519 of order 4", other(OID.ed25519, ed25519Point(0n)), "ERR_KEY_ED25519"],
    [
      "K07: Ed25519 of order 8",
      other(OID.ed25519, hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")),
      "ERR_KEY_ED25519",
    ],
    [
      "K07: Ed25519 of order 8, the other one, sign set",
      other(OID.ed25519, hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")),
      "ERR_KEY_ED25519",
    ],
    ["K07: Ed25519 with y = p", other(OID.ed25519, ed25519Point(ED25519_FIELD)), "ERR_KEY_ED25519"],
    ["K07: Ed25519 with y = p + 2", other(OID.ed25519, ed25519Point(ED25519_FIELD + 2n)), "ERR_KEY_ED25519"],
    [
      "K07: Ed25519 with parameters",
      sequence(sequence(objectIdentifier(OID.ed25519), DER_NULL), bitString(new Uint8Array(32).fill(9))),
      "ERR_DER_STRUCTURE",
    ],
    ["K07: X25519", other("1.3.101.110", new Uint8Array(32)), "ERR_KEY_ALGORITHM"],
    ["K07: DSA", other("1.2.840.10040.4.1", new Uint8Array(32)), "ERR_KEY_ALGORITHM"],
    ["K07: ML-DSA-44", other("2.16.840.1.101.3.4.3.17", new Uint8Array(32)), "ERR_KEY_ALGORITHM"],
    ["K07: an unknown type", other("1.2.3.4", new Uint8Array(32)), "ERR_KEY_ALGORITHM"],
  ] as const)("%s", (_, spki, code) => {
    expect(codeOf(spki)).toBe(code);
    // What stands around the key makes no difference, nor does its signature.
    if (spki.length < 2000) expect(codesOf(requestPem({ spki }))).toEqual([code]);
  });
});

test.each(LEAF_ALGORITHMS)("a new key of type %s is accepted, and said to be of that type", (name) => {
  const { publicKey } = newKeyPair(name);
  const spki = Uint8Array.from(publicKey.export({ format: "der", type: "spki" }));
  const checked = checkPublicKey(readDer(spki), "key");
  expect(checked).toMatchObject({ ok: true, value: { algorithm: name, spki } });
});

const NEW_KEY = "make a new key with a current tool";
const OTHER_TYPE =
  "use one of RSA-2048, RSA-3072, RSA-4096, ECDSA-P256, ECDSA-P384, Ed25519 (privateKey.algorithm and privateKey.size of " +
  "a Certificate)";

test.each<[fact: string, spki: Uint8Array, violation: Omit<Violation, "code" | "field">]>([
  [
    "the bits of a modulus",
    rsaSpki(plausible(2047)),
    { rule: "the key is RSA-2047", cure: "use 2048, 3072 or 4096: privateKey.size" },
  ],
  [
    "the bits of a modulus that begins with a sign octet",
    rsaSpki(plausible(2056)),
    { rule: "the key is RSA-2056", cure: "use 2048, 3072 or 4096: privateKey.size" },
  ],
  ["the factor", rsaSpki(751n * plausible(2039)), { rule: "751 divides the modulus", cure: NEW_KEY }],
  ["the exponent that it must be", rsaSpki(plausible(2048), 3n), { rule: "the public exponent must be 65537" }],
  [
    "what an RSA key's parameters must be",
    rsaWith([objectIdentifier("1.2.3")]),
    { rule: "the parameters of an RSA key must be NULL (RFC 3279, 2.3.1)" },
  ],
  ["the type", rsaWith([], "1.2.3.4"), { rule: "keys of type 1.2.3.4 are not accepted", cure: OTHER_TYPE }],
  [
    "the curve",
    ecSpki("1.2.3.4", point("uncompressed")),
    { rule: "the curve 1.2.3.4 is not accepted", cure: OTHER_TYPE },
  ],
  [
    "the form of a point, for one that has another curve's length",
    ecSpki(OID.secp384r1, point("uncompressed")),
    { rule: "the point must be uncompressed: 04, x, y (RFC 5480, 2.2)" },
  ],
  [
    "the curve's law, for a point that breaks it",
    ecSpki(OID.secp256r1, Uint8Array.of(4, ...new Uint8Array(64).fill(1))),
    { rule: "the point does not lie on its curve" },
  ],
  [
    "the octets of an Ed25519 key",
    other(OID.ed25519, new Uint8Array(31).fill(9)),
    { rule: "an Ed25519 key has 32 octets, not 31", cure: NEW_KEY },
  ],
])("a refusal names %s, and the cure where there is one", (_, spki, violation) => {
  const checked = checkPublicKey(readDer(spki), "key");
  const code = codeOf(spki);
  expect(checked).toStrictEqual({ ok: false, violations: [{ code, field: "key", ...violation }] });
});

test("a fault of our own is thrown, and not taken for a fault of the key", () => {
  const broken = Object.defineProperty({ ...readDer(honest) }, "children", {
    get: () => {
      throw new TypeError("ours");
    },
  });
  expect(() => checkPublicKey(broken, "key")).toThrow(new TypeError("ours"));
});
