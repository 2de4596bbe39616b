import { createECDH, createHash, generateKeyPairSync, sign } from "node:crypto";
import { readDer } from "../../../src/der/read.ts";
import { DER_NULL, bitString, objectIdentifier, sequence, unsignedInteger } from "../../../src/der/write.ts";
import { LEAF_KEY_ALGORITHM_NAMES, type ViolationCode } from "../../../src/index.ts";
import { KEY_ALGORITHMS, SIGNATURE_ALGORITHM_DER } from "../../../src/keys/algorithms.ts";
import { OID } from "../../../src/lib/oids.ts";
import { hex } from "../bytes.ts";
import { privateKeyOf } from "../random-requests.ts";
import { honestRequest, requestPem, spkiOf, type HostileRow } from "../request.ts";
import { octetsOf, rsaSpki } from "../rsa.ts";
import { closePrimesModulus, plausibleModulus, rocaModulus } from "../weak-keys.ts";

const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const ecKey = createECDH("prime256v1");
ecKey.generateKeys();

const point = (format: "uncompressed" | "compressed" | "hybrid"): Uint8Array =>
  Uint8Array.from(ecKey.getPublicKey(null, format));
const ecSpki = (curve: string, octets: Uint8Array): Uint8Array =>
  sequence(sequence(objectIdentifier(OID.ecPublicKey), objectIdentifier(curve)), bitString(octets));
const onCurve = (namedCurve: string): Uint8Array => spkiOf(generateKeyPairSync("ec", { namedCurve }).privateKey);
const ofType = (oid: string, octets: Uint8Array): Uint8Array =>
  sequence(sequence(objectIdentifier(oid)), bitString(octets));
const rsaWith = (parameters: readonly Uint8Array[], oid: string = OID.rsaEncryption): Uint8Array =>
  sequence(
    sequence(objectIdentifier(oid), ...parameters),
    bitString(sequence(unsignedInteger(octetsOf(plausibleModulus(2048))), unsignedInteger(hex("010001")))),
  );

/** An honest key with an octet after it, in its BIT STRING. */
function withGarbage(): Uint8Array {
  const [algorithm, bits] = readDer(spkiOf(RSA)).children;
  if (algorithm === undefined || bits === undefined) throw new TypeError("no key");
  const content = bits.source.subarray(bits.contentStart + 1, bits.end);
  return sequence(algorithm.source.subarray(algorithm.start, algorithm.end), bitString(Uint8Array.of(...content, 0)));
}

function explicitParameters(): Uint8Array {
  const pair = generateKeyPairSync("ec", { namedCurve: "prime256v1", paramEncoding: "explicit" });
  return Uint8Array.from(pair.publicKey.export({ format: "der", type: "spki" }));
}

/** With e = 1 the padded digest is its own signature (RFC 8017, 9.2). */
function forgedWithoutKey(info: Uint8Array): Uint8Array {
  const digest = createHash("sha256").update(info).digest();
  const digestInfo = Buffer.concat([hex("3031300d060960864801650304020105000420"), digest]);
  return Buffer.concat([hex("0001"), Buffer.alloc(256 - 3 - digestInfo.length, 0xff), hex("00"), digestInfo]);
}

const ED25519_FIELD = 2n ** 255n - 19n;
/** The octets of the point with this y and, in bit 255, this sign of x. */
const ed25519 = (y: bigint): Uint8Array => ofType(OID.ed25519, hex(y.toString(16).padStart(64, "0")).toReversed());

const key = (id: string, fact: string, spki: () => Uint8Array, code: ViolationCode): HostileRow => [
  id,
  fact,
  () => requestPem({ spki: spki() }),
  [code],
];

const blocked = createHash("sha256").update(spkiOf(RSA)).digest("hex");

/** Rows K01 to K07: the public key. */
export const KEYS: readonly HostileRow[] = [
  ...[512, 1024, 2047, 2049, 8192].map((bits) =>
    key("K01", `RSA-${bits}`, () => rsaSpki(plausibleModulus(bits)), "ERR_KEY_RSA_SIZE"),
  ),
  ...[16_384, 32_768].map((bits) =>
    key("K01", `RSA-${bits}`, () => rsaSpki(2n ** BigInt(bits - 1) + 1n), "ERR_KEY_RSA_SIZE"),
  ),
  [
    "K02",
    "e = 1 with a forged signature",
    () =>
      requestPem({
        spki: rsaSpki(2n ** 2047n + 2n ** 1000n + 9n, 1n),
        signatureAlgorithm: SIGNATURE_ALGORITHM_DER.RSA.sha256,
        signature: forgedWithoutKey,
      }),
    ["ERR_KEY_RSA_EXPONENT"],
  ],
  ...(
    [
      ["e = 2", 2n],
      ["e = 3", 3n],
      ["e = 65536", 65_536n],
      ["e = 2^2047", 2n ** 2047n],
      ["e > n", 2n ** 2050n],
    ] as const
  ).map(([fact, e]) => key("K02", fact, () => rsaSpki(plausibleModulus(2048), e), "ERR_KEY_RSA_EXPONENT")),
  key("K03", "an even modulus", () => rsaSpki(plausibleModulus(2048) + 1n), "ERR_KEY_RSA_EVEN"),
  key("K03", "a modulus that 3 divides", () => rsaSpki(3n * plausibleModulus(2047)), "ERR_KEY_RSA_SMALL_FACTOR"),
  key("K03", "a modulus that 751 divides", () => rsaSpki(751n * plausibleModulus(2039)), "ERR_KEY_RSA_SMALL_FACTOR"),
  key("K03", "close primes", () => rsaSpki(closePrimesModulus()), "ERR_KEY_RSA_CLOSE_PRIMES"),
  key("K03", "ROCA, the fingerprint of CVE-2017-15361", () => rsaSpki(rocaModulus()), "ERR_KEY_RSA_ROCA"),
  [
    "K03",
    "a key on a list, as Debian's weak ones are",
    () =>
      requestPem({
        spki: spkiOf(RSA),
        signatureAlgorithm: SIGNATURE_ALGORITHM_DER.RSA.sha256,
        signature: (info) => sign("sha256", info, RSA),
      }),
    ["ERR_KEY_BLOCKED"],
    { question: { isBlockedKey: (sha256OfSpki) => sha256OfSpki === blocked } },
  ],
  key("K04", "trailing garbage in the BIT STRING", withGarbage, "ERR_DER_TRAILING"),
  key("K04", "RSA without parameters", () => rsaWith([]), "ERR_DER_STRUCTURE"),
  key("K04", "RSA with two parameters", () => rsaWith([DER_NULL, DER_NULL]), "ERR_DER_STRUCTURE"),
  key("K04", "RSA with other parameters", () => rsaWith([objectIdentifier("1.2.3")]), "ERR_KEY_ENCODING"),
  key("K04", "RSA-PSS", () => rsaWith([], "1.2.840.113549.1.1.10"), "ERR_KEY_ALGORITHM"),
  key("K04", "RSA-OAEP", () => rsaWith([], "1.2.840.113549.1.1.7"), "ERR_KEY_ALGORITHM"),
  key("K05", "explicit parameters", explicitParameters, "ERR_KEY_EC_CURVE"),
  key("K05", "an unknown curve", () => ecSpki("1.2.3.4", point("uncompressed")), "ERR_KEY_EC_CURVE"),
  ...["sect233r1", "secp224r1", "secp256k1", "brainpoolP256r1", "secp521r1"].map((curve) =>
    key("K05", `the curve ${curve}`, () => onCurve(curve), "ERR_KEY_EC_CURVE"),
  ),
  key("K06", "a point off the curve", () => ecSpki(OID.secp256r1, offCurve()), "ERR_KEY_EC_POINT"),
  key("K06", "the point at infinity", () => ecSpki(OID.secp256r1, Uint8Array.of(0)), "ERR_KEY_EC_POINT"),
  key("K06", "a compressed point", () => ecSpki(OID.secp256r1, point("compressed")), "ERR_KEY_EC_POINT"),
  key("K06", "a hybrid point", () => ecSpki(OID.secp256r1, point("hybrid")), "ERR_KEY_EC_POINT"),
  key("K06", "a coordinate ≥ p", () => ecSpki(OID.secp256r1, coordinateOutOfField()), "ERR_KEY_EC_POINT"),
  key("K06", "a wrong length", () => ecSpki(OID.secp384r1, point("uncompressed")), "ERR_KEY_EC_POINT"),
  key("K07", "Ed25519 of 31 octets", () => ofType(OID.ed25519, new Uint8Array(31).fill(9)), "ERR_KEY_ED25519"),
  key("K07", "Ed25519 of 33 octets", () => ofType(OID.ed25519, new Uint8Array(33).fill(9)), "ERR_KEY_ED25519"),
  key("K07", "Ed25519 of low order 1", () => ed25519(1n), "ERR_KEY_ED25519"),
  key("K07", "Ed25519 of low order 4", () => ed25519(0n), "ERR_KEY_ED25519"),
  key("K07", "Ed25519 with y = p", () => ed25519(ED25519_FIELD), "ERR_KEY_ED25519"),
  key("K07", "X25519", () => ofType("1.3.101.110", new Uint8Array(32)), "ERR_KEY_ALGORITHM"),
  key("K07", "DSA", () => ofType("1.2.840.10040.4.1", new Uint8Array(32)), "ERR_KEY_ALGORITHM"),
  key("K07", "ML-DSA", () => ofType("2.16.840.1.101.3.4.3.17", new Uint8Array(32)), "ERR_KEY_ALGORITHM"),
  key("K07", "an unknown OID", () => ofType("1.2.3.4", new Uint8Array(32)), "ERR_KEY_ALGORITHM"),
  ...LEAF_KEY_ALGORITHM_NAMES.map((name): HostileRow => {
    const more = KEY_ALGORITHMS[name].kind === "Ed25519" ? { general: [] } : {};
    const codes: ViolationCode[] = KEY_ALGORITHMS[name].kind === "Ed25519" ? ["ERR_KEY_ALGORITHM"] : [];
    return ["K00", `an honest ${name}`, () => honestRequest(privateKeyOf(name)), codes, more];
  }),
];

function offCurve(): Uint8Array {
  return Uint8Array.of(4, ...new Uint8Array(64).fill(1));
}

function coordinateOutOfField(): Uint8Array {
  return Uint8Array.of(4, ...new Uint8Array(32).fill(0xff), ...point("uncompressed").subarray(33));
}
