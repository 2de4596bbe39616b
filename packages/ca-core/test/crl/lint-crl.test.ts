import { beforeAll, describe, expect, test } from "vitest";
import { authorityKeyIdentifier, extension } from "../../src/certificate/write-extension.ts";
import { readCertificateParts } from "../../src/certificate/read-certificate.ts";
import { serialContent } from "../../src/certificate/serial.ts";
import { readDer } from "../../src/der/read.ts";
import { DER_NULL, objectIdentifier, octetString, sequence, time, tlv } from "../../src/der/write.ts";
import { signatureAlgorithmOf } from "../../src/keys/signer.ts";
import { OID } from "../../src/lib/oids.ts";
import { CRL_LINT_RULES, lintCrl, lintTbsCertList } from "../../src/lint/crl/lint-crl.ts";
import { authority, HOUR, NOW, type Authority } from "../support/authority.ts";
import { ascii, hex } from "../support/bytes.ts";
import { entry, newCrl } from "../support/crl.ts";
import { CRL_NUMBER, rawCrl, type RawCrlParts, rawEntry, rawReason, rawTbs } from "../support/raw-crl.ts";

let ca: Authority;
let other: Authority;

beforeAll(async () => {
  ca = await authority();
  other = await authority("RSA-2048", 2);
});

const rulesBrokenBy = (parts: RawCrlParts): string[] =>
  lintCrl({ der: rawCrl(ca.root, parts), root: ca.root }).map(({ rule }) => rule);
const aki = (): Uint8Array => authorityKeyIdentifier(ca.root.ski);
const at = (ms: number): Date => new Date(NOW.getTime() + ms);
const rootSerial = (): Uint8Array => serialContent(readCertificateParts(readDer(ca.root.der)).serial);

test("a CRL that was made breaks no rule, before and after it is signed", async () => {
  const { der, tbs } = await newCrl(ca, [entry("01"), entry("02", "keyCompromise")]);
  expect([lintCrl({ der, root: ca.root }), lintTbsCertList({ tbs, root: ca.root })]).toEqual([[], []]);
});

test("the form that the rows below break breaks no rule by itself", () => {
  expect(rulesBrokenBy({ list: [rawEntry("020101"), rawEntry("020102", rawReason(1))] })).toEqual([]);
});

test("the extensions may stand in any order", () => {
  expect(rulesBrokenBy({ extensions: [CRL_NUMBER, aki()] })).toEqual([]);
});

test("a fault of our own is thrown, and not taken for a fault of the CRL", () => {
  expect(() => lintCrl({ der: undefined as never, root: ca.root })).toThrow(TypeError);
});

const BAD: readonly (readonly [fact: string, parts: () => RawCrlParts, rules: readonly string[]])[] = [
  ["version 1", () => ({ version: hex("020100") }), ["crl_version_is_v2"]],
  ["version 3", () => ({ version: hex("020102") }), ["crl_version_is_v2"]],
  [
    "another algorithm outside than inside",
    () => ({ outerAlgorithm: signatureAlgorithmOf("RSA-2048") }),
    ["crl_signature_algorithms_are_equal"],
  ],
  [
    "another key's algorithm",
    () => ({ signature: signatureAlgorithmOf("RSA-2048"), outerAlgorithm: signatureAlgorithmOf("RSA-2048") }),
    ["crl_signature_algorithm_is_sha256_of_the_root_key"],
  ],
  [
    "ECDSA with NULL parameters",
    () => {
      const wrong = sequence(objectIdentifier(OID.ecdsaWithSha256), DER_NULL);
      return { signature: wrong, outerAlgorithm: wrong };
    },
    ["crl_signature_algorithm_is_sha256_of_the_root_key"],
  ],
  ["no authorityKeyIdentifier", () => ({ extensions: [CRL_NUMBER] }), ["crl_has_authority_key_identifier"]],
  [
    "authorityKeyIdentifier with a serial",
    () => ({
      extensions: [
        extension(OID.authorityKeyIdentifier, false, sequence(tlv(0x80, ca.root.ski), tlv(0x82, hex("01")))),
        CRL_NUMBER,
      ],
    }),
    ["crl_has_authority_key_identifier"],
  ],
  [
    "authorityKeyIdentifier with a serial alone",
    () => ({
      extensions: [extension(OID.authorityKeyIdentifier, false, sequence(tlv(0x82, ca.root.ski))), CRL_NUMBER],
    }),
    ["crl_has_authority_key_identifier"],
  ],
  [
    "authorityKeyIdentifier with nothing in it",
    () => ({ extensions: [extension(OID.authorityKeyIdentifier, false, sequence()), CRL_NUMBER] }),
    ["crl_has_authority_key_identifier"],
  ],
  [
    "another key's identifier",
    () => ({ extensions: [authorityKeyIdentifier(other.root.ski), CRL_NUMBER] }),
    ["crl_authority_key_identifier_is_the_root_s_key"],
  ],
  [
    "another key's identifier behind the number",
    () => ({ extensions: [CRL_NUMBER, authorityKeyIdentifier(other.root.ski)] }),
    ["crl_authority_key_identifier_is_the_root_s_key"],
  ],
  ["a negative cRLNumber", () => ({ extensions: [aki(), extension(OID.crlNumber, false, hex("0201ff"))] }), ["der"]],
  [
    "a cRLNumber of 21 octets",
    () => ({ extensions: [aki(), extension(OID.crlNumber, false, tlv(2, new Uint8Array(21).fill(1)))] }),
    ["der"],
  ],
  ["no cRLNumber", () => ({ extensions: [aki()] }), ["crl_missing_crl_number"]],
  [
    "an issuingDistributionPoint",
    () => ({ extensions: [aki(), CRL_NUMBER, extension("2.5.29.28", false, sequence())] }),
    ["crl_has_no_other_extension"],
  ],
  [
    "a deltaCRLIndicator, which is critical",
    () => ({ extensions: [aki(), CRL_NUMBER, extension("2.5.29.27", true, hex("020101"))] }),
    ["crl_has_no_other_extension", "crl_extensions_are_not_critical"],
  ],
  [
    "a critical cRLNumber",
    () => ({ extensions: [aki(), extension(OID.crlNumber, true, hex("020105"))] }),
    ["crl_extensions_are_not_critical"],
  ],
  [
    "a critical authorityKeyIdentifier",
    () => ({
      extensions: [extension(OID.authorityKeyIdentifier, true, sequence(tlv(0x80, ca.root.ski))), CRL_NUMBER],
    }),
    ["crl_extensions_are_not_critical"],
  ],
  ["an empty list that is there", () => ({ list: [] }), ["crl_empty_revoked_certificates"]],
  [
    "entries that are not sorted",
    () => ({ list: [rawEntry("020102"), rawEntry("020101")] }),
    ["crl_entries_are_sorted"],
  ],
  [
    "a longer serial before a shorter one",
    () => ({ list: [rawEntry("02020100"), rawEntry("02017f")] }),
    ["crl_entries_are_sorted"],
  ],
  ["a serial twice", () => ({ list: [rawEntry("020101"), rawEntry("020101")] }), ["crl_serials_are_unique"]],
  [
    "extensions of an entry that are there and empty",
    () => ({ list: [sequence(hex("020101"), time(NOW), sequence())] }),
    ["crl_empty_extn_sequence"],
  ],
  [
    "an invalidityDate",
    () => ({ list: [rawEntry("020101", extension("2.5.29.24", false, tlv(0x18, ascii("20260101000000Z"))))] }),
    ["crl_entry_has_no_extension_but_a_reason_code"],
  ],
  [
    "another extension that is as long as a reason code",
    () => ({ list: [rawEntry("020101", extension("2.5.29.24", false, hex("0a0101")))] }),
    ["crl_entry_has_no_extension_but_a_reason_code"],
  ],
  [
    "a reason code and an invalidityDate",
    () => ({
      list: [rawEntry("020101", rawReason(1), extension("2.5.29.24", false, tlv(0x18, ascii("20260101000000Z"))))],
    }),
    ["crl_entry_has_no_extension_but_a_reason_code"],
  ],
  [
    "a critical reason code",
    () => ({ list: [rawEntry("020101", rawReason(1, true))] }),
    ["crl_entry_has_no_extension_but_a_reason_code"],
  ],
  [
    "a reason code of two octets",
    () => ({ list: [rawEntry("020101", extension(OID.reasonCode, false, hex("0a020100")))] }),
    ["crl_entry_has_no_extension_but_a_reason_code"],
  ],
  ...[0, 2, 3, 6, 7, 8, 10, 11, 0xff].map((code): (typeof BAD)[number] => [
    `reason code ${code}`,
    () => ({ list: [rawEntry("020101", rawReason(code))] }),
    ["crl_has_valid_reason_code"],
  ]),
  ["another issuer", () => ({ issuer: other.root.subjectDer }), ["crl_issuer_bytes_equal_root_subject"]],
  ["nextUpdate at thisUpdate", () => ({ nextUpdate: time(NOW) }), ["crl_next_update_is_after_this_update"]],
  ["nextUpdate before thisUpdate", () => ({ nextUpdate: time(at(-HOUR)) }), ["crl_next_update_is_after_this_update"]],
  [
    "a revocation a second after thisUpdate",
    () => ({ list: [sequence(hex("020101"), time(at(1000)))] }),
    ["crl_revocation_time_after_this_update"],
  ],
  [
    "the root's own serial",
    () => ({ list: [sequence(tlv(2, rootSerial()), time(NOW))] }),
    ["crl_does_not_list_its_issuer"],
  ],
  ["no nextUpdate", () => ({ nextUpdate: null }), ["der"]],
  ["GeneralizedTime before 2050", () => ({ thisUpdate: tlv(0x18, ascii("20260101000000Z")) }), ["der"]],
  ["a time without seconds", () => ({ thisUpdate: tlv(0x17, ascii("2601010000Z")) }), ["der"]],
  ["a time with a fraction", () => ({ nextUpdate: tlv(0x18, ascii("20600101000000.5Z")) }), ["der"]],
  [
    "an entry's time with an offset",
    () => ({ list: [sequence(hex("020101"), tlv(0x17, ascii("260101000000+0100")))] }),
    ["der"],
  ],
  [
    "an entry's time of a day that does not exist",
    () => ({ list: [sequence(hex("020101"), tlv(0x17, ascii("260230000000Z")))] }),
    ["der"],
  ],
  [
    "an entry's time at 24 o'clock",
    () => ({ list: [sequence(hex("020101"), tlv(0x17, ascii("260101240000Z")))] }),
    ["der"],
  ],
  ["a negative serial", () => ({ list: [rawEntry("020180")] }), ["der"]],
  ["serial 0", () => ({ list: [rawEntry("020100")] }), ["der"]],
  ["a padded serial", () => ({ list: [rawEntry("02020001")] }), ["der"]],
  ["a serial of 21 octets", () => ({ list: [rawEntry(`0215${"11".repeat(21)}`)] }), ["der"]],
  ["no extensions", () => ({ extensions: [] }), ["der"]],
  ["a member too many", () => ({ extra: [octetString(hex("00"))] }), ["der"]],
];

describe("the lint finds", () => {
  test.each(BAD)("%s", (_, parts, rules) => {
    expect(rulesBrokenBy(parts())).toEqual(rules);
  });

  test.each(BAD.filter(([, , rules]) => !rules.includes("crl_signature_algorithms_are_equal")))(
    "%s, before it is signed",
    (_, parts, rules) => {
      const tbs = rawTbs(ca.root, parts());
      expect(lintTbsCertList({ tbs, root: ca.root }).map(({ rule }) => rule)).toEqual(rules);
    },
  );

  test("a bad example for every rule", () => {
    const covered = new Set(BAD.flatMap(([, , rules]) => rules));
    expect(CRL_LINT_RULES.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
  });

  test("every fault at once, each once, with the first entry that has it", () => {
    const list = [rawEntry("020105"), rawEntry("020104", rawReason(7)), rawEntry("020103", rawReason(7))];
    const parts = { list, nextUpdate: time(at(-HOUR)) };
    expect(lintCrl({ der: rawCrl(ca.root, parts), root: ca.root })).toEqual([
      {
        rule: "crl_entries_are_sorted",
        code: "ERR_CRL_PROFILE",
        fault:
          "entry 1, serial 04: it is not sorted by serial number (Capstan's own form; RFC 5280, 5.1.2.6 leaves the order open)",
      },
      {
        rule: "crl_has_valid_reason_code",
        code: "ERR_CRL_PROFILE",
        fault: "entry 1, serial 04: reason code 7 is none that a leaf can have and that is written (RFC 5280, 5.3.1)",
      },
      {
        rule: "crl_next_update_is_after_this_update",
        code: "ERR_CRL_NEXT_UPDATE",
        fault: "nextUpdate must be after thisUpdate (RFC 5280, 5.1.2.5)",
      },
    ]);
  });

  test("what is no CRL at all", () => {
    expect(lintCrl({ der: hex("3080"), root: ca.root })).toMatchObject([{ rule: "der", code: "ERR_CRL_PROFILE" }]);
  });
});

test("every rule has a name of its own, a source, and something that it looks at", () => {
  expect(new Set(CRL_LINT_RULES.map(({ name }) => name)).size).toBe(CRL_LINT_RULES.length);
  for (const { name, source, faultOf, faultOfEntry } of CRL_LINT_RULES) {
    expect(name).toMatch(/^crl_[a-z0-9_]+$/);
    expect(source).toMatch(/RFC \d{4}, /);
    expect([faultOf, faultOfEntry].filter((one) => one !== undefined)).toHaveLength(1);
  }
});
