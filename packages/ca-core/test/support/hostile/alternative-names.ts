import { TAG } from "../../../src/der/tag.ts";
import { DER_NULL, objectIdentifier, sequence, stringOf, tagged, tlv } from "../../../src/der/write.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import { writeName } from "../../../src/name/write-name.ts";
import { ascii, hex } from "../bytes.ts";
import { manyNames, requestWithSan, type HostileRow } from "../request.ts";

const san = (tag: number, ...values: readonly (string | Uint8Array)[]): string =>
  requestWithSan(...values.map((value): [number, string | Uint8Array] => [tag, value]));
const ip = (text: string): string => san(0x87, hex(text));

const otherName = (...content: readonly Uint8Array[]): string => requestWithSan([0xa0, concatBytes(content)]);
const UPN = objectIdentifier("1.3.6.1.4.1.311.20.2.3");
const utf16 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "utf16le").swap16());

/** Their text, whatever its encoding, is nobody's but its reader's to understand. */
const OTHER_NAMES: readonly HostileRow[] = (
  [
    ["without a value", [UPN], "ERR_SAN_OTHER_NAME"],
    ["with two values", [UPN, tagged(0, DER_NULL), tagged(0, DER_NULL)], "ERR_SAN_OTHER_NAME"],
    ["with two values in one", [UPN, tagged(0, DER_NULL, DER_NULL)], "ERR_SAN_OTHER_NAME"],
    ["whose value is not tagged", [UPN, DER_NULL], "ERR_SAN_OTHER_NAME"],
    ["with a control character", [UPN, tagged(0, stringOf(TAG.utf8String, "a\nb"))], "ERR_SAN_OTHER_NAME"],
    ["with invalid UTF-8", [UPN, tagged(0, tlv(TAG.utf8String, hex("ff")))], "ERR_SAN_OTHER_NAME"],
    ["with a high byte in IA5String", [UPN, tagged(0, tlv(TAG.ia5String, hex("c3a9")))], "ERR_SAN_OTHER_NAME"],
    ["of the publisher", [UPN, tagged(0, stringOf(TAG.utf8String, "Publisher.fleet@capstan"))], "ERR_NAME_RESERVED"],
    [
      "of the publisher in BMPString",
      [UPN, tagged(0, tlv(TAG.bmpString, utf16("crl.fleet@capstan")))],
      "ERR_NAME_RESERVED",
    ],
    [
      "of the publisher in octets",
      [UPN, tagged(0, sequence(tlv(TAG.octetString, ascii("crl.fleet@capstan"))))],
      "ERR_NAME_RESERVED",
    ],
  ] as const
).map(([fact, content, code]) => [
  "S04",
  `otherName ${fact}`,
  () => otherName(...content),
  ["ERR_SAN_KIND"],
  { general: [code] },
]);

/** Rows S01 to S05: alternative names. */
export const ALTERNATIVE_NAMES: readonly HostileRow[] = [
  ...[
    "",
    ".",
    "..",
    "*",
    "*.svc",
    "web.demo.",
    ".web",
    "a..b",
    `${"a".repeat(64)}.x`,
    "a_b.svc",
    "web\0.svc",
    "Web.demo",
    "10.0.0.1",
    "-a.b",
    "a-.b",
    "a b",
    `${"a.".repeat(126)}aa`,
  ].map((name): HostileRow => [
    "S01",
    `dNSName ${JSON.stringify(name.slice(0, 40))}`,
    () => san(0x82, name),
    [name.includes("\0") ? "ERR_SAN_CHARACTER" : "ERR_SAN_DNS"],
    name === "*.svc" ? { general: [] } : {},
  ]),
  ["S01", "dNSName with a high byte", () => san(0x82, hex("77 e9")), ["ERR_SAN_CHARACTER"]],
  ["S01", "dNSName of 253 characters", () => san(0x82, `${"a.".repeat(126)}a`), []],
  ["S01", "dNSName with a label of 63", () => san(0x82, `${"a".repeat(63)}.x`), []],
  ["S02", "an IP of no octets", () => ip(""), ["ERR_SAN_IP"]],
  ["S02", "an IP of 5 octets", () => ip("0a00000100"), ["ERR_SAN_IP"]],
  ["S02", "an IP of 8 octets", () => ip("0a000001ffffff00"), ["ERR_SAN_IP"]],
  ["S02", "an IP of 15 octets", () => ip("00".repeat(15)), ["ERR_SAN_IP"]],
  ["S02", "an IP of 17 octets", () => ip("00".repeat(17)), ["ERR_SAN_IP"]],
  ["S02", "an IPv4-mapped IPv6 address", () => ip("00000000000000000000ffff0a000001"), ["ERR_SAN_IP"]],
  ["S02", "an IPv4-compatible IPv6 address", () => ip("0000000000000000000000000a000001"), ["ERR_SAN_IP"]],
  ["S02", "0.0.0.0", () => ip("00000000"), ["ERR_SAN_IP"]],
  ["S02", "169.254.169.254", () => ip("a9fea9fe"), ["ERR_SAN_IP"]],
  ["S02", "224.0.0.1", () => ip("e0000001"), ["ERR_SAN_IP"]],
  ["S02", "255.255.255.255", () => ip("ffffffff"), ["ERR_SAN_IP"]],
  ["S02", "::", () => ip("00".repeat(16)), ["ERR_SAN_IP"]],
  ["S02", "fe80::1", () => ip("fe80000000000000 0000000000000001"), ["ERR_SAN_IP"]],
  ["S02", "ff02::1", () => ip("ff02000000000000 0000000000000001"), ["ERR_SAN_IP"]],
  [
    "S02",
    "10.0.0.1, 223.1.2.3, 127.0.0.1, ::1, fd00::1",
    () =>
      san(
        0x87,
        hex("0a000001"),
        hex("df010203"),
        hex("7f000001"),
        hex(`${"00".repeat(15)}01`),
        hex(`fd${"00".repeat(14)}01`),
      ),
    [],
  ],
  ...[
    "web",
    "/x",
    "//host/x",
    "spiffe:a",
    "spiffe://a@b/",
    "spiffe://a:8443/x",
    "spiffe://a/x?y",
    "spiffe://a/x#y",
    "spiffe://a/../b",
    "spiffe://a/./b",
    "spiffe://a//b",
    "spiffe://a/b/",
    "spiffe://a/%2e%2e/b",
    "SPIFFE://a/b",
    "spiffe://A/b",
    "spiffe:///b",
    "spiffe://10.0.0.1/b",
    "http://a/b",
    `spiffe://a/${"x".repeat(2038)}`,
    "spiffe://a/b c",
    "spiffe://a/{b}",
    "",
  ].map((uri): HostileRow => [
    "S03",
    `URI ${JSON.stringify(uri.slice(0, 40))}`,
    () => san(0x86, uri),
    ["ERR_SAN_URI"],
    uri.includes(":8443") || uri === "http://a/b" ? { general: [] } : {},
  ]),
  [
    "S03",
    "ports that are none",
    () => san(0x86, "spiffe://a:0/", "spiffe://a:65536/x", "https://a:08/x"),
    ["ERR_SAN_URI", "ERR_SAN_URI", "ERR_SAN_URI"],
  ],
  ["S03", "another trust domain, which is for policy to compare", () => san(0x86, "spiffe://example.com/x"), []],
  [
    "S03",
    "two URIs, which is for policy to allow",
    () => san(0x86, "spiffe://example.org/ns/demo/sa/web", "spiffe://example.org/ns/demo/sa/db"),
    [],
  ],
  [
    "S04",
    "otherName",
    () =>
      requestWithSan([
        0xa0,
        Uint8Array.of(...objectIdentifier("1.3.6.1.4.1.311.20.2.3"), ...tagged(0, stringOf(TAG.utf8String, "a@b"))),
      ]),
    ["ERR_SAN_KIND"],
    { general: [] },
  ],
  ...OTHER_NAMES,
  [
    "S04",
    "an unknown otherName beside a DNS name",
    () =>
      requestWithSan(
        [0x82, "web.demo.svc"],
        [0xa0, Uint8Array.of(...objectIdentifier("1.2.3.4"), ...tagged(0, DER_NULL))],
      ),
    ["ERR_SAN_KIND"],
    { general: [] },
  ],
  ["S04", "x400Address", () => requestWithSan([0xa3, DER_NULL]), ["ERR_SAN_KIND"]],
  ["S04", "directoryName", () => requestWithSan([0xa4, writeName([{ type: "CN", value: "x" }])]), ["ERR_SAN_KIND"]],
  ["S04", "ediPartyName", () => requestWithSan([0xa5, tlv(0x81, ascii("x"))]), ["ERR_SAN_KIND"]],
  ["S04", "registeredID", () => requestWithSan([0x88, hex("2a03")]), ["ERR_SAN_KIND"]],
  ["S04", "a name of a kind that does not exist", () => requestWithSan([0x89, "x"]), ["ERR_DER_STRUCTURE"]],
  ["S04", "a constructed dNSName", () => requestWithSan([0xa2, DER_NULL]), ["ERR_DER_STRUCTURE"]],
  ["S04", "an OCTET STRING among the names", () => requestWithSan([0x04, "x"]), ["ERR_DER_STRUCTURE"]],
  ["S04", "the publisher's name as e-mail address", () => san(0x81, "publisher.fleet@capstan"), ["ERR_NAME_RESERVED"]],
  ["S04", "an e-mail address", () => san(0x81, "a.b+c@example.org"), []],
  ...["a", "@b.c", "a@", "a@b@c.d", "a b@c.d", '"a"@c.d', "a@B.c", "a..b@c.d", `${"a".repeat(65)}@c.d`].map(
    (mail): HostileRow => [
      "S04",
      `e-mail ${JSON.stringify(mail.slice(0, 30))}`,
      () => san(0x81, mail),
      ["ERR_SAN_EMAIL"],
    ],
  ),
  ["S05", "no names", () => requestWithSan(), ["ERR_SAN_EMPTY"]],
  ["S05", "1,600 names", () => requestWithSan(...manyNames(1600)), ["ERR_DER_SIZE"]],
  ["S05", "10,000 names", () => requestWithSan(...manyNames(10_000)), ["ERR_PEM_SIZE"]],
  ["S05", "the same name twice", () => san(0x82, "web.demo.svc", "web.demo.svc"), ["ERR_SAN_DUPLICATE"]],
];
