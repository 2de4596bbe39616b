import { constants, generateKeyPairSync, privateEncrypt, sign } from "node:crypto";
import { readDer } from "../../../src/der/read.ts";
import { TAG } from "../../../src/der/tag.ts";
import { DER_NULL, bitString, objectIdentifier, sequence, tlv, unsignedInteger } from "../../../src/der/write.ts";
import { KEY_ALGORITHMS, SIGNATURE_ALGORITHM_DER } from "../../../src/keys/algorithms.ts";
import { OID } from "../../../src/lib/oids.ts";
import { appendMember, hex } from "../bytes.ts";
import { EC_KEY, requestPem, spkiOf, type HostileRow } from "../request.ts";
import { octetsOf } from "../rsa.ts";

const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const ED25519 = generateKeyPairSync("ed25519").privateKey;
const ecAlgorithm = SIGNATURE_ALGORITHM_DER.EC.sha256;
const rsaRequest = (hash: string, oid: string, parameters: readonly Uint8Array[] = [DER_NULL]): string =>
  requestPem({
    spki: spkiOf(RSA),
    signatureAlgorithm: sequence(objectIdentifier(oid), ...parameters),
    signature: (info) => sign(hash, info, RSA),
  });
const ecSigned = (edit: (signature: Uint8Array) => Uint8Array): string =>
  requestPem({ signature: (info) => edit(sign("sha256", info, EC_KEY)) });
const p256 = KEY_ALGORITHMS["ECDSA-P256"];
const order = p256.kind === "EC" ? p256.order : 0n;
const ecSignature = (r: Uint8Array, s: Uint8Array): string => requestPem({ signature: () => sequence(r, s) });
const int = (value: bigint): Uint8Array => unsignedInteger(octetsOf(value));

/** Rows G01 to G03: the proof of possession. */
export const SIGNATURES: readonly HostileRow[] = [
  [
    "G01",
    "a signature over other bytes",
    () => requestPem({ signature: () => sign("sha256", Buffer.from("x"), EC_KEY) }),
    ["ERR_SIGNATURE_INVALID"],
  ],
  [
    "G01",
    "another name under the same signature",
    () =>
      requestPem({
        signature: (info) =>
          sign("sha256", Buffer.from(Buffer.from(info).toString("latin1").replace("web", "dba"), "latin1"), EC_KEY),
      }),
    ["ERR_SIGNATURE_INVALID"],
  ],
  [
    "G01",
    "an RSA signature with a flipped bit",
    () =>
      requestPem({
        spki: spkiOf(RSA),
        signatureAlgorithm: SIGNATURE_ALGORITHM_DER.RSA.sha256,
        signature: (info) => flip(sign("sha256", info, RSA)),
      }),
    ["ERR_SIGNATURE_INVALID"],
  ],
  [
    "G01",
    "an RSA algorithm for an EC key",
    () => requestPem({ signatureAlgorithm: SIGNATURE_ALGORITHM_DER.RSA.sha256 }),
    ["ERR_SIGNATURE_KEY_MISMATCH"],
  ],
  [
    "G01",
    "an ECDSA algorithm for an RSA key",
    () => requestPem({ spki: spkiOf(RSA), signatureAlgorithm: ecAlgorithm }),
    ["ERR_SIGNATURE_KEY_MISMATCH"],
  ],
  [
    "G01",
    "SHA-256 named and SHA-384 used",
    () => requestPem({ signature: (info) => sign("sha384", info, EC_KEY) }),
    ["ERR_SIGNATURE_INVALID"],
  ],
  ["G01", "SHA-1", () => rsaRequest("sha1", "1.2.840.113549.1.1.5"), ["ERR_SIGNATURE_ALGORITHM"]],
  ["G01", "MD5", () => rsaRequest("md5", "1.2.840.113549.1.1.4"), ["ERR_SIGNATURE_ALGORITHM"]],
  [
    "G01",
    "ECDSA with SHA-1",
    () =>
      requestPem({
        signatureAlgorithm: sequence(objectIdentifier("1.2.840.10045.4.1")),
        signature: (info) => sign("sha1", info, EC_KEY),
      }),
    ["ERR_SIGNATURE_ALGORITHM"],
  ],
  ["G01", "RSA-PSS", () => rsaRequest("sha256", "1.2.840.113549.1.1.10"), ["ERR_SIGNATURE_ALGORITHM"]],
  ["G01", "RSA with SHA-256, SHA-384 and SHA-512", () => rsaRequest("sha512", OID.sha512WithRsa), []],
  ["G01", "RSA with SHA-384", () => rsaRequest("sha384", OID.sha384WithRsa), []],
  ["G01", "RSA parameters missing", () => rsaRequest("sha256", OID.sha256WithRsa, []), ["ERR_SIGNATURE_ALGORITHM"]],
  [
    "G01",
    "RSA parameters twice",
    () => rsaRequest("sha256", OID.sha256WithRsa, [DER_NULL, DER_NULL]),
    ["ERR_SIGNATURE_ALGORITHM"],
  ],
  [
    "G01",
    "ECDSA parameters NULL",
    () => requestPem({ signatureAlgorithm: sequence(objectIdentifier(OID.ecdsaWithSha256), DER_NULL) }),
    ["ERR_SIGNATURE_ALGORITHM"],
  ],
  [
    "G01",
    "RSA with garbage in PKCS#1",
    () =>
      requestPem({
        spki: spkiOf(RSA),
        signatureAlgorithm: SIGNATURE_ALGORITHM_DER.RSA.sha256,
        signature: () => privateEncrypt({ key: RSA, padding: constants.RSA_PKCS1_PADDING }, Buffer.from("garbage")),
      }),
    ["ERR_SIGNATURE_INVALID"],
  ],
  [
    "G01",
    "Ed25519 over other bytes",
    () =>
      requestPem({
        spki: spkiOf(ED25519),
        signatureAlgorithm: sequence(objectIdentifier(OID.ed25519)),
        signature: () => sign(null, Buffer.from("x"), ED25519),
      }),
    ["ERR_SIGNATURE_INVALID"],
  ],
  [
    "G01",
    "an ECDSA algorithm for an Ed25519 key",
    () => requestPem({ spki: spkiOf(ED25519), signature: (info) => sign(null, info, ED25519) }),
    ["ERR_SIGNATURE_KEY_MISMATCH"],
  ],
  [
    "G02",
    "S above the order of Ed25519",
    () =>
      requestPem({
        spki: spkiOf(ED25519),
        signatureAlgorithm: sequence(objectIdentifier(OID.ed25519)),
        signature: () => new Uint8Array(64).fill(0xff),
      }),
    ["ERR_SIGNATURE_ENCODING"],
  ],
  ["G02", "r = s = 0", () => ecSignature(int(0n), int(0n)), ["ERR_SIGNATURE_ENCODING"]],
  ["G02", "r = n", () => ecSignature(int(order), int(1n)), ["ERR_SIGNATURE_ENCODING"]],
  ["G02", "s = n", () => ecSignature(int(1n), int(order)), ["ERR_SIGNATURE_ENCODING"]],
  ["G02", "a negative r", () => ecSignature(hex("02 01 ff"), int(1n)), ["ERR_SIGNATURE_ENCODING"]],
  ["G02", "r of 40 octets", () => ecSignature(int(2n ** 319n), int(1n)), ["ERR_SIGNATURE_ENCODING"]],
  [
    "G02",
    "a long-form length",
    () => ecSigned((signature) => Uint8Array.of(0x30, 0x81, ...signature.subarray(1))),
    ["ERR_SIGNATURE_ENCODING"],
  ],
  ["G02", "trailing bytes", () => ecSigned((signature) => Uint8Array.of(...signature, 0)), ["ERR_SIGNATURE_ENCODING"]],
  [
    "G02",
    "trailing bytes inside",
    () => ecSigned((signature) => appendMember(Uint8Array.from(signature), DER_NULL)),
    ["ERR_SIGNATURE_ENCODING"],
  ],
  ["G02", "the higher of the two s", () => ecSigned(highS), []],
  [
    "G03",
    "unused bits",
    () => requestPem({ rawSignature: tlv(TAG.bitString, hex("04 30 00")) }),
    ["ERR_SIGNATURE_ENCODING"],
  ],
  [
    "G03",
    "an empty signature",
    () => requestPem({ rawSignature: bitString(new Uint8Array(0)) }),
    ["ERR_SIGNATURE_ENCODING"],
  ],
  [
    "G03",
    "an RSA signature one octet short",
    () =>
      requestPem({
        spki: spkiOf(RSA),
        signatureAlgorithm: SIGNATURE_ALGORITHM_DER.RSA.sha256,
        signature: (info) => sign("sha256", info, RSA).subarray(1),
      }),
    ["ERR_SIGNATURE_ENCODING"],
  ],
];

function flip(signature: Uint8Array): Uint8Array {
  const flipped = Uint8Array.from(signature);
  flipped[100] = (flipped[100] ?? 0) ^ 1;
  return flipped;
}

function highS(signature: Uint8Array): Uint8Array {
  const [r, s] = readDer(Uint8Array.from(signature)).children.map((child) =>
    BigInt(`0x${Buffer.from(child.source.subarray(child.contentStart, child.end)).toString("hex")}`),
  );
  return sequence(int(r ?? 0n), int(s !== undefined && s < order / 2n ? order - s : (s ?? 0n)));
}
