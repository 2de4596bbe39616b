import { TAG } from "../../../src/der/tag.ts";
import { objectIdentifier, sequence, setOf, stringOf, tlv } from "../../../src/der/write.ts";
import { OID } from "../../../src/lib/oids.ts";
import { ATTRIBUTE_OIDS } from "../../../src/name/attribute-types.ts";
import { ascii, hex } from "../bytes.ts";
import {
  extensionRequest,
  rawExtension,
  rawName,
  requestPem,
  requestWithSubject,
  type HostileRow,
} from "../request.ts";

const CN = ATTRIBUTE_OIDS.CN;
const cn = (value: string): string => requestWithSubject(["CN", value]);
const typed = (tag: number, content: Uint8Array): string => requestPem({ subject: rawName(CN, tlv(tag, content)) });

/** Rows N01 to N07: the subject. */
export const NAMES: readonly HostileRow[] = [
  ["N01", "a NUL", () => cn("web\0.demo"), ["ERR_NAME_CHARACTER"]],
  ["N01", "a newline", () => cn("web\n.demo"), ["ERR_NAME_CHARACTER"]],
  ["N01", "a TAB", () => cn("web\t.demo"), ["ERR_NAME_CHARACTER"]],
  ["N01", "a comma", () => cn("web,O=x"), ["ERR_NAME_CHARACTER"], { general: [] }],
  ["N01", "plus and equals, which AWS takes", () => cn("a+b=c"), []],
  ["N01", "a quotation mark", () => cn('web"'), ["ERR_NAME_CHARACTER"], { general: [] }],
  ["N01", "a backslash", () => cn("web\\"), ["ERR_NAME_CHARACTER"], { general: [] }],
  ["N01", "#0500", () => cn("#0500"), ["ERR_NAME_CHARACTER"], { general: [] }],
  ["N01", "a space in front", () => cn(" web"), ["ERR_NAME_CHARACTER"]],
  ["N01", "a space behind", () => cn("web "), ["ERR_NAME_CHARACTER"]],
  ["N01", "two spaces", () => cn("a  b"), ["ERR_NAME_CHARACTER"]],
  ["N01", "one space", () => cn("a b"), []],
  ["N01", "a right-to-left override", () => cn("web\u202Eomed"), ["ERR_NAME_CHARACTER"]],
  ["N01", "a zero-width space", () => cn("web\u200B"), ["ERR_NAME_CHARACTER"]],
  ["N01", "a byte order mark", () => cn("\uFEFFweb"), ["ERR_NAME_CHARACTER"]],
  ["N01", "61 characters", () => cn("a".repeat(61)), []],
  ["N01", "62 characters", () => cn("a".repeat(62)), ["ERR_NAME_LENGTH"], { general: [] }],
  ["N01", "65 characters", () => cn("a".repeat(65)), ["ERR_NAME_LENGTH"]],
  [
    "N01",
    "a soft hyphen, a Hangul filler and a no-break space",
    () => requestWithSubject(["CN", "a\u00ADb"], ["O", "a\u3164b"], ["OU", "a\u00A0b"]),
    ["ERR_NAME_CHARACTER", "ERR_NAME_CHARACTER", "ERR_NAME_CHARACTER"],
  ],
  ["N01", "1,000 characters", () => cn("a".repeat(1000)), ["ERR_NAME_LENGTH"]],
  ["N01", "no character", () => cn(""), ["ERR_NAME_LENGTH"]],
  ["N02", "BMPString", () => typed(TAG.bmpString, hex("0077")), ["ERR_NAME_STRING_TYPE"]],
  ["N02", "BMPString of three octets", () => typed(TAG.bmpString, hex("007700")), ["ERR_NAME_STRING_TYPE"]],
  ["N02", "TeletexString", () => typed(TAG.teletexString, ascii("web")), ["ERR_NAME_STRING_TYPE"]],
  ["N02", "UniversalString", () => typed(TAG.universalString, hex("00000077")), ["ERR_NAME_STRING_TYPE"]],
  ["N02", "VisibleString", () => typed(TAG.visibleString, ascii("web")), ["ERR_NAME_STRING_TYPE"]],
  ["N02", "IA5String in a CN", () => typed(TAG.ia5String, ascii("web")), ["ERR_NAME_STRING_TYPE"]],
  ["N02", "an INTEGER as CN", () => typed(TAG.integer, hex("01")), ["ERR_NAME_STRING_TYPE"]],
  ["N02", "invalid UTF-8", () => typed(TAG.utf8String, hex("77 ff")), ["ERR_NAME_STRING"]],
  ["N02", "overlong UTF-8", () => typed(TAG.utf8String, hex("c0 af")), ["ERR_NAME_STRING"]],
  ["N02", "a surrogate in UTF-8", () => typed(TAG.utf8String, hex("ed a0 80")), ["ERR_NAME_STRING"]],
  ["N02", "PrintableString with @", () => typed(TAG.printableString, ascii("a@b")), ["ERR_NAME_STRING"]],
  ["N02", "PrintableString with * and <", () => typed(TAG.printableString, ascii("*<")), ["ERR_NAME_STRING"]],
  [
    "N03",
    "two CNs",
    () => requestWithSubject(["CN", "web.demo"], ["CN", "x"]),
    ["ERR_NAME_DUPLICATE"],
    { general: [] },
  ],
  [
    "N03",
    "two attributes in one RDN",
    () =>
      requestPem({
        subject: sequence(
          setOf(
            sequence(objectIdentifier(CN), stringOf(TAG.utf8String, "a")),
            sequence(objectIdentifier("2.5.4.10"), stringOf(TAG.utf8String, "b")),
          ),
        ),
      }),
    ["ERR_NAME_MULTI_VALUED", "ERR_NAME_MULTI_VALUED"],
    { general: [] },
  ],
  ["N03", "an empty RDN", () => requestPem({ subject: sequence(setOf()) }), ["ERR_DER_STRUCTURE"]],
  [
    "N03",
    "the CN in a later RDN, which is for policy to compare",
    () => requestWithSubject(["O", "x"], ["CN", "web.demo"]),
    [],
  ],
  [
    "N03",
    "O=system:masters, which is for policy to refuse",
    () => requestWithSubject(["O", "system:masters"], ["CN", "web.demo"]),
    [],
  ],
  [
    "N03",
    "200 RDNs",
    () =>
      requestPem({
        subject: sequence(
          ...Array.from({ length: 200 }, () => setOf(sequence(objectIdentifier(CN), stringOf(TAG.utf8String, "a")))),
        ),
      }),
    [...Array.from({ length: 199 }, () => "ERR_NAME_DUPLICATE" as const), "ERR_NAME_COUNT"],
    { general: ["ERR_NAME_COUNT"] },
  ],
  [
    "N03",
    "300 RDNs",
    () =>
      requestPem({
        subject: sequence(
          ...Array.from({ length: 300 }, () => setOf(sequence(objectIdentifier(CN), stringOf(TAG.utf8String, "a")))),
        ),
      }),
    ["ERR_DER_NODES"],
  ],
  ["N03", "an empty subject", () => requestPem({ subject: sequence() }), ["ERR_NAME_EMPTY"]],
  [
    "N03",
    "an empty subject beside an alternative name",
    () =>
      requestPem({
        subject: sequence(),
        attributes: [extensionRequest(rawExtension(OID.subjectAltName, sequence(tlv(0x82, ascii("web.demo.svc")))))],
      }),
    ["ERR_NAME_EMPTY"],
    { general: [] },
  ],
  [
    "N03",
    "an unknown attribute type",
    () => requestPem({ subject: rawName("1.2.3.4", stringOf(TAG.utf8String, "x")) }),
    ["ERR_NAME_TYPE"],
    { general: [] },
  ],
  [
    "N03",
    "serialNumber, which is the roots'",
    () => requestWithSubject(["CN", "a"], ["serialNumber", "1"]),
    ["ERR_NAME_TYPE"],
    { general: [] },
  ],
  [
    "N03",
    "emailAddress",
    () => requestPem({ subject: rawName("1.2.840.113549.1.9.1", stringOf(TAG.ia5String, "a@b.c")) }),
    ["ERR_NAME_TYPE"],
    { general: [] },
  ],
  ["N03", "a country in lower case", () => requestWithSubject(["CN", "a"], ["C", "de"]), ["ERR_NAME_COUNTRY"]],
  [
    "N03",
    "all six types",
    () => requestWithSubject(["C", "DE"], ["ST", "x"], ["L", "x"], ["O", "x"], ["OU", "x"], ["CN", "x"]),
    [],
  ],
  ["N04", "a Cyrillic letter", () => cn("w\u0435b.demo"), ["ERR_NAME_CHARACTER"], { general: [] }],
  ["N04", "mixed scripts", () => cn("w\u03B5b-\u0432\u0435\u0431"), ["ERR_NAME_CHARACTER"], { general: [] }],
  ["N04", "another case, which is for policy to compare byte for byte", () => cn("web.Demo"), []],
  [
    "N04",
    "composed and decomposed letters",
    () => requestWithSubject(["CN", "caf\u00E9"], ["O", "cafe\u0301"]),
    ["ERR_NAME_CHARACTER", "ERR_NAME_CHARACTER"],
    // The composed form alone is in normalization form C.
    { general: ["ERR_NAME_CHARACTER"] },
  ],
  [
    "N05",
    "a slash, with which AWS joins values",
    () => requestWithSubject(["CN", "a"], ["OU", "Security/Engineering"]),
    ["ERR_NAME_CHARACTER"],
    { general: [] },
  ],
  ["N05", "an ampersand, which AWS drops", () => cn("a&b"), ["ERR_NAME_CHARACTER"], { general: [] }],
  ["N06", "a template", () => cn("{{ .Values.x }}"), ["ERR_NAME_CHARACTER"], { general: [] }],
  ["N06", "a shell expansion", () => cn("${x}"), ["ERR_NAME_CHARACTER"], { general: [] }],
  ["N06", "a format", () => cn("%s"), ["ERR_NAME_CHARACTER"], { general: [] }],
  ["N06", "a forged log line", () => cn('\n{"level":50}'), ["ERR_NAME_CHARACTER"]],
  ["N06", "a terminal escape", () => cn("\u001B[2J"), ["ERR_NAME_CHARACTER"]],
  ["N07", "the publisher's name", () => cn("publisher.fleet@capstan"), ["ERR_NAME_RESERVED"]],
  ["N07", "the publisher's name in capitals", () => cn("Publisher.Fleet@CAPSTAN"), ["ERR_NAME_RESERVED"]],
  [
    "N07",
    "the publisher's name as O",
    () => requestWithSubject(["CN", "a"], ["O", "publisher.fleet@capstan"]),
    ["ERR_NAME_RESERVED"],
  ],
  [
    "N07",
    "the publisher's name beside another attribute in its RDN",
    () =>
      requestPem({
        subject: sequence(
          setOf(
            sequence(objectIdentifier(CN), stringOf(TAG.utf8String, "web.demo")),
            sequence(objectIdentifier("2.5.4.11"), stringOf(TAG.utf8String, "publisher.fleet@capstan")),
          ),
        ),
      }),
    ["ERR_NAME_MULTI_VALUED", "ERR_NAME_MULTI_VALUED", "ERR_NAME_RESERVED"],
    { general: ["ERR_NAME_RESERVED"] },
  ],
  [
    "N07",
    "the publisher's name in full width",
    () => cn("publisher.fleet\uFF20\uFF23apstan"),
    ["ERR_NAME_CHARACTER", "ERR_NAME_RESERVED"],
    { general: ["ERR_NAME_RESERVED"] },
  ],
  [
    "N07",
    "the canary's name as emailAddress",
    () => requestPem({ subject: rawName("1.2.840.113549.1.9.1", stringOf(TAG.ia5String, "canary.fleet@capstan")) }),
    ["ERR_NAME_TYPE"],
    { general: ["ERR_NAME_RESERVED"] },
  ],
];
