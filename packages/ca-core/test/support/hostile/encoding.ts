import { readDer } from "../../../src/der/read.ts";
import { TAG } from "../../../src/der/tag.ts";
import { DER_NULL, objectIdentifier, octetString, sequence, stringOf, tagged, tlv } from "../../../src/der/write.ts";
import { OID } from "../../../src/lib/oids.ts";
import { appendMember, ascii, hex } from "../bytes.ts";
import {
  asPem,
  attribute,
  extensionRequest,
  manyNames,
  rawExtension,
  requestDer,
  requestPem,
  requestWithSan,
  type HostileRow,
} from "../request.ts";

const dns = (text: string): Uint8Array => tlv(0x82, ascii(text));
const withExtensions = (...extensions: readonly Uint8Array[]): string =>
  requestPem({ attributes: [extensionRequest(...extensions)] });
const withExtension = (oid: string, value: Uint8Array, critical?: Uint8Array): string =>
  withExtensions(rawExtension(oid, value, critical));
const challengePassword = "1.2.840.113549.1.9.7";
const unstructuredName = "1.2.840.113549.1.9.2";
const GOOD = requestDer();
const insideInfo = (edit: (members: Uint8Array[]) => Uint8Array[]): string => {
  const [info, algorithm, signature] = readDer(GOOD).children.map((child) =>
    child.source.subarray(child.start, child.end),
  );
  const members = readDer(info ?? GOOD).children.map((child) => child.source.subarray(child.start, child.end));
  return asPem(sequence(sequence(...edit(members)), algorithm ?? DER_NULL, signature ?? DER_NULL));
};

/** Rows E01 to E10: text, DER and structure. */
export const ENCODING: readonly HostileRow[] = [
  ["E01", "16 KB of repeated BEGIN as text", () => "-----BEGIN ".repeat(1489), ["ERR_PEM_BEGIN"]],
  ["E01", "66 KB of repeated BEGIN as text", () => "-----BEGIN ".repeat(6_144), ["ERR_PEM_SIZE"]],
  ["E01", "1 MB of repeated BEGIN as text", () => "-----BEGIN ".repeat(95_000), ["ERR_PEM_SIZE"]],
  ["E01", "1 MB of repeated BEGIN as bytes", () => ascii("-----BEGIN ".repeat(95_000)), ["ERR_PEM_SIZE"]],
  ["E01", "100 MB of repeated BEGIN as text", () => "-----BEGIN ".repeat(9_532_510), ["ERR_PEM_SIZE"]],
  ["E01", "100 MB of repeated BEGIN as bytes", () => Buffer.alloc(104_857_600, "-----BEGIN "), ["ERR_PEM_SIZE"]],
  ["E01", "16 KB of BEGIN lines", () => "-----BEGIN CERTIFICATE REQUEST-----\n".repeat(450), ["ERR_PEM_END"]],
  ["E02", "two blocks", () => requestPem() + requestPem(), ["ERR_PEM_TRAILING"]],
  ["E02", "another label", () => requestPem().replaceAll("CERTIFICATE REQUEST", "CERTIFICATE"), ["ERR_PEM_LABEL"]],
  ["E02", "headers", () => requestPem().replace("\n", "\nProc-Type: 4\n\n"), ["ERR_PEM_BASE64"]],
  ["E02", "mixed newlines", () => requestPem().replace("\n", "\r\n"), ["ERR_PEM_NEWLINE"]],
  ["E02", "CRLF throughout", () => requestPem().replaceAll("\n", "\r\n"), []],
  ["E02", "text before", () => `subject: x\n${requestPem()}`, ["ERR_PEM_BEGIN"]],
  ["E02", "text after", () => `${requestPem()}x`, ["ERR_PEM_TRAILING"]],
  ["E02", "no final newline", () => requestPem().trimEnd(), []],
  ["E02", "the label NEW CERTIFICATE REQUEST", () => requestPem().replaceAll("CERTIFICATE R", "NEW CERTIFICATE R"), []],
  ["E02", "a NUL", () => `${requestPem()}\0`, ["ERR_PEM_CHARACTER"]],
  ["E02", "a byte order mark", () => `\uFEFF${requestPem()}`, ["ERR_PEM_CHARACTER"]],
  ["E02", "a character outside base64", () => requestPem().replace("M", "*"), ["ERR_PEM_BASE64"]],
  ["E02", "100 MB of zeros", () => new Uint8Array(104_857_600), ["ERR_PEM_SIZE"]],
  ["E03", "an empty body", () => "", ["ERR_PEM_BEGIN"]],
  ["E03", "one byte", () => asPem(hex("30")), ["ERR_DER_TRUNCATED"]],
  ["E03", "a length of four gigabytes", () => asPem(hex("30 84 ff ff ff ff")), ["ERR_DER_LENGTH_PAST_END"]],
  ["E03", "a length past the end", () => asPem(GOOD.subarray(0, -1)), ["ERR_DER_LENGTH_PAST_END"]],
  ["E03", "10 MB of 30 80", () => asPem(Buffer.alloc(10_485_760, "3080", "hex")), ["ERR_PEM_SIZE"]],
  ["E03", "8 KB of 30 80", () => asPem(hex("3080".repeat(4096))), ["ERR_DER_LENGTH_INDEFINITE"]],
  ["E03", "more than 8 KB of DER", () => asPem(new Uint8Array(8193)), ["ERR_DER_SIZE"]],
  ["E03", "a value that is no SEQUENCE", () => asPem(octetString(GOOD)), ["ERR_DER_STRUCTURE"]],
  ["E04", "nesting of 50", () => asPem(nest(50)), ["ERR_DER_DEPTH"]],
  ["E04", "nesting of 2,000", () => asPem(nest(2_000)), ["ERR_DER_DEPTH"]],
  ["E04", "nesting of 5,000", () => asPem(nest(5_000)), ["ERR_PEM_SIZE"]],
  [
    "E04",
    "4,000 small values",
    () => asPem(sequence(...Array.from({ length: 4000 }, () => DER_NULL))),
    ["ERR_DER_NODES"],
  ],
  [
    "E04",
    "5,000 small values",
    () => asPem(sequence(...Array.from({ length: 5000 }, () => DER_NULL))),
    ["ERR_DER_SIZE"],
  ],
  [
    "E04",
    "1,000 short names",
    () => requestWithSan(...Array.from({ length: 1000 }, () => [0x82, "a"] as const)),
    ["ERR_DER_NODES"],
  ],
  ["E04", "1,500 names", () => requestWithSan(...manyNames(1500)), ["ERR_DER_SIZE"]],
  ["E05", "bytes after the request", () => asPem(Uint8Array.of(...GOOD, 0)), ["ERR_DER_TRAILING"]],
  ["E05", "a fifth member of the info", () => requestPem({ extraInfo: [DER_NULL] }), ["ERR_DER_STRUCTURE"]],
  ["E05", "a fourth member of the request", () => asPem(appendMember(GOOD, DER_NULL)), ["ERR_DER_STRUCTURE"]],
  [
    "E05",
    "bytes after an extension's value",
    () => withExtension(OID.subjectAltName, Uint8Array.of(...sequence(dns("a")), 0)),
    ["ERR_DER_TRAILING"],
  ],
  [
    "E05",
    "two SEQUENCEs as names",
    () => withExtension(OID.subjectAltName, Uint8Array.of(...sequence(dns("a")), ...sequence(dns("b")))),
    ["ERR_DER_TRAILING"],
  ],
  [
    "E05",
    "an extension of four members",
    () => withExtensions(appendMember(rawExtension(OID.subjectAltName, sequence(dns("a"))), DER_NULL)),
    ["ERR_DER_STRUCTURE"],
  ],
  ["E06", "an indefinite length", () => asPem(hex("30 80 02 01 00 00 00")), ["ERR_DER_LENGTH_INDEFINITE"]],
  ["E06", "a long length below 128", () => asPem(hex("30 81 03 02 01 00")), ["ERR_DER_LENGTH_NOT_MINIMAL"]],
  ["E06", "a length with a leading zero", () => asPem(hex("30 82 00 03 02 01 00")), ["ERR_DER_LENGTH_NOT_MINIMAL"]],
  [
    "E06",
    "a constructed OCTET STRING",
    () => withExtensions(sequence(objectIdentifier(OID.subjectAltName), tlv(0x24, octetString(sequence(dns("a")))))),
    ["ERR_DER_TAG_CONSTRUCTED"],
  ],
  [
    "E07",
    "BOOLEAN 01",
    () => withExtension(OID.subjectAltName, sequence(dns("a")), hex("01 01 01")),
    ["ERR_DER_BOOLEAN"],
  ],
  [
    "E07",
    "critical FALSE",
    () => withExtension(OID.subjectAltName, sequence(dns("a")), hex("01 01 00")),
    ["ERR_DER_DEFAULT_ENCODED"],
  ],
  [
    "E07",
    "cA FALSE",
    () => withExtension(OID.basicConstraints, sequence(hex("01 01 00"))),
    ["ERR_DER_DEFAULT_ENCODED"],
  ],
  ["E08", "version 1", () => requestPem({ version: hex("02 01 01") }), ["ERR_CSR_VERSION"]],
  ["E08", "version 2", () => requestPem({ version: hex("02 01 02") }), ["ERR_CSR_VERSION"]],
  ["E08", "a negative version", () => requestPem({ version: hex("02 01 ff") }), ["ERR_CSR_VERSION"]],
  ["E08", "no version", () => insideInfo(([, ...rest]) => rest), ["ERR_DER_STRUCTURE"]],
  ["E09", "a padded INTEGER", () => requestPem({ version: hex("02 02 00 00") }), ["ERR_DER_INTEGER"]],
  [
    "E09",
    "a padded object identifier",
    () => requestPem({ signatureAlgorithm: sequence(hex("06 03 2a 80 01")) }),
    ["ERR_DER_OID"],
  ],
  [
    "E09",
    "an arc over 2^64",
    () => requestPem({ signatureAlgorithm: sequence(hex("06 0b 2a 82 ff ff ff ff ff ff ff ff 7f")) }),
    ["ERR_DER_OID"],
  ],
  [
    "E09",
    "an empty object identifier",
    () => requestPem({ signatureAlgorithm: sequence(hex("06 00")) }),
    ["ERR_DER_OID"],
  ],
  [
    "E10",
    "attributes that are not sorted",
    () =>
      requestPem({
        rawAttributes: tagged(
          0,
          attribute(unstructuredName, stringOf(TAG.utf8String, "zzzzzz")),
          attribute(challengePassword, stringOf(TAG.utf8String, "a")),
        ),
      }),
    ["ERR_DER_SET_ORDER"],
  ],
  [
    "E10",
    "an RDN that is not sorted",
    () =>
      requestPem({
        subject: sequence(
          tlv(
            TAG.set,
            sequence(objectIdentifier("2.5.4.10"), stringOf(TAG.utf8String, "a")),
            sequence(objectIdentifier("2.5.4.3"), stringOf(TAG.utf8String, "a")),
          ),
        ),
      }),
    ["ERR_DER_SET_ORDER"],
  ],
  [
    "E10",
    "the same attribute twice in a set",
    () => requestPem({ attributes: [attribute(challengePassword, DER_NULL), attribute(challengePassword, DER_NULL)] }),
    ["ERR_DER_SET_DUPLICATE"],
  ],
];

function nest(levels: number): Uint8Array {
  let value = sequence();
  for (let level = 1; level < levels; level += 1) value = sequence(value);
  return value;
}
