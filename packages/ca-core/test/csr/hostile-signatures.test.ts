import { constants, createHash, createPublicKey, generateKeyPairSync, privateEncrypt, sign, verify } from "node:crypto";
import { expect, test } from "vitest";
import { readDer } from "../../src/der/read.ts";
import { TAG } from "../../src/der/tag.ts";
import { DER_NULL, bitString, objectIdentifier, sequence, tlv, unsignedInteger } from "../../src/der/write.ts";
import { checkCertificationRequest } from "../../src/index.ts";
import { KEY_ALGORITHMS, SIGNATURE_ALGORITHM_DER } from "../../src/keys/algorithms.ts";
import { OID } from "../../src/lib/oids.ts";
import { ATTRIBUTE_OIDS } from "../../src/name/attribute-types.ts";
import { appendMember, hex } from "../support/bytes.ts";
import {
  EC_KEY,
  codesOf,
  extensionRequest,
  rawExtension,
  rawName,
  requestPem,
  spkiOf,
  type HostileRow,
} from "../support/request.ts";
import { octetsOf, rsaSpki } from "../support/rsa.ts";

const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
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

const SIGNATURES: readonly HostileRow[] = [
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

test.each(SIGNATURES)("%s: %s", (_id, _fact, input, codes) => {
  expect(codesOf(input())).toEqual([...codes].sort());
});

test("K02: a key with e = 1, for which anybody can sign, is refused before its signature is looked at", () => {
  const modulus = 2n ** 2047n + 2n ** 1000n + 9n;
  const spki = rsaSpki(modulus, 1n);
  let info = new Uint8Array(0);
  // PKCS#1 v1.5 in the clear: with e = 1 the padded digest is its own signature.
  const forge = (bytes: Uint8Array): Uint8Array => {
    info = Uint8Array.from(bytes);
    const digestInfo = Buffer.concat([
      hex("3031300d060960864801650304020105000420"),
      createHash("sha256").update(bytes).digest(),
    ]);
    return Buffer.concat([hex("0001"), Buffer.alloc(256 - 3 - digestInfo.length, 0xff), hex("00"), digestInfo]);
  };
  const pem = requestPem({ spki, signatureAlgorithm: SIGNATURE_ALGORITHM_DER.RSA.sha256, signature: forge });
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  expect(verify("sha256", info, key, forge(info))).toBe(true);
  expect(codesOf(pem)).toEqual(["ERR_KEY_RSA_EXPONENT"]);
});

test("every violation is reported at once, each with its field", () => {
  const checked = checkCertificationRequest(
    requestPem({
      version: hex("02 01 05"),
      subject: rawName(ATTRIBUTE_OIDS.CN, tlv(TAG.bmpString, hex("0077"))),
      spki: rsaSpki(2n ** 1023n + 1n),
      attributes: [extensionRequest(rawExtension("1.2.3.4", DER_NULL), rawExtension(OID.subjectAltName, sequence()))],
    }),
  );
  expect(checked.ok ? [] : checked.violations.map(({ code, field }) => `${field} ${code}`)).toEqual([
    "spec.request: version ERR_CSR_VERSION",
    "spec.request: subject.CN ERR_NAME_STRING_TYPE",
    "spec.request: extension 1.2.3.4 ERR_CSR_EXTENSION_UNKNOWN",
    "spec.request: subjectAltName ERR_SAN_EMPTY",
    "spec.request: public key ERR_KEY_RSA_SIZE",
  ]);
});
