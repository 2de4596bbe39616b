import { generateKeyPairSync } from "node:crypto";
import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { authorityKeyIdentifier } from "../../src/certificate/write-extension.ts";
import { readDer } from "../../src/der/read.ts";
import { TAG } from "../../src/der/tag.ts";
import {
  bitString,
  DER_NULL,
  DER_TRUE,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  stringOf,
  tagged,
  time,
  tlv,
} from "../../src/der/write.ts";
import { prepareLeaf, type ProfileName } from "../../src/index.ts";
import { SIGNATURE_ALGORITHM_DER } from "../../src/keys/algorithms.ts";
import { sha1 } from "../../src/lib/bytes.ts";
import { OID } from "../../src/lib/oids.ts";
import { CERTIFICATE_LINT_RULES, LEAF_LINT_RULES } from "../../src/lint/lint-leaf.ts";
import { writeName } from "../../src/name/write-name.ts";
import { USAGES } from "../../src/profile/usages.ts";
import { authority, DAY, HOUR, NOW, type Authority } from "../support/authority.ts";
import { ascii, hex } from "../support/bytes.ts";
import {
  longNames,
  membersOf,
  replaceExtension,
  replaceMember,
  rulesBrokenBy,
  type LintQuestion,
  type TbsMember,
} from "../support/edited-leaf.ts";
import { leafPlan } from "../support/leaf.ts";
import { spkiOf } from "../support/request.ts";
import { rsaSpki as rsaSpkiOf } from "../support/rsa.ts";

let ca: Authority;
const rsaSpki = spkiOf(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
const ed25519Spki = spkiOf(generateKeyPairSync("ed25519").privateKey);

beforeAll(async () => {
  ca = await authority();
});

const good = (): Uint8Array => prepareLeaf(leafPlan(ca)).tbs;
const withMember = (member: TbsMember, value: Uint8Array, tbs: Uint8Array = good()): Uint8Array =>
  replaceMember(tbs, member, value);
const withExtension = (
  oid: string,
  value: Uint8Array | undefined,
  critical = false,
  tbs: Uint8Array = good(),
): Uint8Array => replaceExtension(tbs, oid, value, critical);
const withKeyUsage = (...bits: number[]): Uint8Array => withExtension(OID.keyUsage, namedBits(bits), true);
const withPurposes = (...oids: string[]): Uint8Array =>
  withExtension(OID.extendedKeyUsage, sequence(...oids.map(objectIdentifier)));
const withNames = (...names: Uint8Array[]): Uint8Array => withExtension(OID.subjectAltName, sequence(...names));
const withSubject = (...attributes: readonly (readonly [type: string, value: string])[]): Uint8Array =>
  withMember(5, writeName(attributes.map(([type, value]) => ({ type, value }))));
const dns = (text: string): Uint8Array => tlv(0x82, ascii(text));
const withConstraints = (...members: Uint8Array[]): Uint8Array =>
  withExtension(OID.basicConstraints, sequence(...members), true);
const RSA_IDENTIFIER = sequence(objectIdentifier(OID.rsaEncryption), DER_NULL);
const cn = (value: Uint8Array): Uint8Array => sequence(objectIdentifier("2.5.4.3"), value);
const at = (ms: number): Uint8Array => time(new Date(NOW.getTime() + ms));
const spkiWith = (spki: Uint8Array): Uint8Array => {
  const bits = readDer(spki).children[1];
  const octets = spki.subarray((bits?.contentStart ?? 0) + 1, bits?.end);
  return withExtension(OID.subjectKeyIdentifier, octetString(sha1(octets)), false, withMember(6, spki));
};

type Decision = Pick<LintQuestion, "isCa" | "isOwnLeaf">;

/** What is wrong, the bytes, and the rules that each profile says are broken. */
type Row = readonly [
  fact: string,
  tbs: () => Uint8Array,
  rolesAnywhere: readonly string[],
  general: readonly string[],
  decision?: Decision,
];
const both = (fact: string, tbs: () => Uint8Array, rules: readonly string[], decision: Decision = {}): Row => [
  fact,
  tbs,
  rules,
  rules,
  decision,
];

const SIZES = ["certificate_is_not_too_large"];
const BAD: readonly Row[] = [
  both("a serial of 8 octets", () => withMember(1, tlv(2, new Uint8Array(8).fill(1))), ["serial_is_16_octets"]),
  both("a serial of 17 octets", () => withMember(1, tlv(2, hex(`00${"ff".repeat(16)}`))), ["serial_is_16_octets"]),
  both("a serial of 17 octets without a sign octet", () => withMember(1, tlv(2, hex("11".repeat(17)))), [
    "serial_is_16_octets",
  ]),
  both("a negative serial", () => withMember(1, tlv(2, hex("ff".repeat(1)))), ["ERR_SERIAL"]),
  both("the serial 0", () => withMember(1, tlv(2, hex("00"))), ["ERR_SERIAL"]),
  both("a serial of 21 octets", () => withMember(1, tlv(2, hex(`7f${"ff".repeat(20)}`))), ["ERR_SERIAL"]),
  both("another signature algorithm", () => withMember(2, SIGNATURE_ALGORITHM_DER.RSA.sha256), [
    "signature_algorithm_is_the_profile_s_for_the_root_key",
  ]),
  both("SHA-384 by a P-256 key", () => withMember(2, SIGNATURE_ALGORITHM_DER.EC.sha384), [
    "signature_algorithm_is_the_profile_s_for_the_root_key",
  ]),
  both("ECDSA with NULL parameters", () => withMember(2, sequence(objectIdentifier(OID.ecdsaWithSha256), DER_NULL)), [
    "signature_algorithm_is_the_profile_s_for_the_root_key",
  ]),
  both("another issuer", () => withMember(3, writeName([{ type: "CN", value: "Example Fleet CA" }])), [
    "issuer_bytes_equal_root_subject",
  ]),
  both("an end after the root's", () => withMember(4, sequence(at(364 * DAY), at(366 * DAY))), [
    "validity_lies_within_root",
  ]),
  both("a beginning before the root's", () => withMember(4, sequence(at(-2 * DAY), at(DAY))), [
    "validity_lies_within_root",
  ]),
  both("an end before the beginning", () => withMember(4, sequence(at(DAY), at(0))), ["e_validity_time_not_positive"]),
  both("an end at the beginning", () => withMember(4, sequence(at(0), at(0))), ["e_validity_time_not_positive"]),
  both("eight days", () => withMember(4, sequence(at(0), at(8 * DAY))), ["lifetime_is_at_most_max_leaf_duration"]),
  both("a time without seconds", () => withMember(4, sequence(at(0), tlv(TAG.utcTime, ascii("2611230300Z")))), [
    "ERR_DER_TIME",
  ]),
  both("a time with an offset", () => withMember(4, sequence(at(0), tlv(TAG.utcTime, ascii("261123030000+0000")))), [
    "ERR_DER_TIME",
  ]),
  both(
    "GeneralizedTime before 2050",
    () => withMember(4, sequence(at(0), tlv(TAG.generalizedTime, ascii("20261123030000Z")))),
    ["ERR_DER_TIME"],
  ),
  both(
    "a fraction of a second",
    () => withMember(4, sequence(at(0), tlv(TAG.generalizedTime, ascii("20511123030000.5Z")))),
    ["ERR_DER_TIME"],
  ),
  [
    "no subject",
    () => withMember(5, sequence()),
    ["subject_is_not_empty", "e_ext_san_not_critical_without_subject"],
    ["e_ext_san_not_critical_without_subject"],
  ],
  [
    "neither subject nor alternative name",
    () => withExtension(OID.subjectAltName, undefined, false, withMember(5, sequence())),
    ["subject_is_not_empty"],
    ["e_subject_empty_without_san"],
  ],
  both("a subject in BMPString", () => withMember(5, sequence(setOf(cn(tlv(TAG.bmpString, hex("0077")))))), [
    "subject_strings_are_utf8_or_printable",
  ]),
  [
    "two attributes in one RDN",
    () => withMember(5, sequence(setOf(cn(stringOf(TAG.utf8String, "a")), cn(stringOf(TAG.utf8String, "b"))))),
    ["n_multiple_subject_rdn", "subject_types_appear_once"],
    [],
  ],
  ["two CNs", () => withSubject(["CN", "a"], ["CN", "b"]), ["subject_types_appear_once"], []],
  ["a subject with serialNumber", () => withSubject(["serialNumber", "1"]), ["subject_types_map_into_tags"], []],
  ["a subject with &", () => withSubject(["CN", "a&b"]), ["e_subject_dn_not_printable_characters"], []],
  both("a subject with a NUL", () => withSubject(["CN", "a\0b"]), ["e_subject_dn_not_printable_characters"]),
  both("a subject with a zero-width space", () => withSubject(["CN", "a\u200Bb"]), [
    "e_subject_dn_not_printable_characters",
  ]),
  both("a NUL in the second attribute", () => withSubject(["O", "Example Corp"], ["CN", "a\0b"]), [
    "e_subject_dn_not_printable_characters",
  ]),
  both("a subject that ends in a space", () => withSubject(["CN", "a "]), ["e_subject_dn_not_printable_characters"]),
  ["a CN of 62 characters", () => withSubject(["CN", "a".repeat(62)]), ["subject_values_are_within_their_bounds"], []],
  both("a CN of 65 characters", () => withSubject(["CN", "a".repeat(65)]), ["subject_values_are_within_their_bounds"]),
  both("65 characters in the second attribute", () => withSubject(["O", "Example"], ["CN", "a".repeat(65)]), [
    "subject_values_are_within_their_bounds",
  ]),
  both("an empty CN", () => withSubject(["CN", ""]), ["subject_values_are_within_their_bounds"]),
  both("a country in lower case", () => withSubject(["C", "de"]), ["e_subj_country_not_uppercase"]),
  [
    "the root's name",
    () => withSubject(["CN", "Example Fleet CA"], ["O", "Example Corp"], ["serialNumber", "1"]),
    ["subject_types_map_into_tags", "subject_is_not_the_root_s"],
    ["subject_is_not_the_root_s"],
  ],
  [
    "the root's name in another order, case and spacing",
    () => withSubject(["O", "EXAMPLE CORP"], ["serialNumber", "1"], ["CN", "example fleet ca"]),
    ["subject_types_map_into_tags", "subject_is_not_the_root_s"],
    ["subject_is_not_the_root_s"],
  ],
  both("the publisher's name", () => withSubject(["CN", "publisher.fleet@capstan"]), [
    "reserved_names_are_on_own_leaves_alone",
  ]),
  both("the publisher's name as alternative name", () => withNames(tlv(0x81, ascii("publisher.fleet@capstan"))), [
    "reserved_names_are_on_own_leaves_alone",
  ]),
  both("an own leaf with another name", good, ["reserved_names_are_on_own_leaves_alone"], { isOwnLeaf: true }),
  both(
    "an own leaf whose own name is not its CN",
    () => withSubject(["CN", "web.demo"], ["O", "publisher.fleet@capstan"]),
    ["reserved_names_are_on_own_leaves_alone"],
    { isOwnLeaf: true },
  ),
  both("the root's key", () => withMember(6, ca.root.spki), [
    "public_key_is_not_the_root_key",
    "subject_key_identifier_is_the_hash_of_the_key",
  ]),
  ["an Ed25519 key", () => spkiWith(ed25519Spki), ["public_key_type_is_the_profile_s"], []],
  both(
    "an RSA key of 1024 bits",
    () => spkiWith(spkiOf(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey)),
    ["public_key_type_is_the_profile_s"],
  ),
  ...[2047, 2049, 2055, 2056].map((bits) =>
    both(`an RSA key of ${bits} bits`, () => spkiWith(rsaSpkiOf(2n ** BigInt(bits) - 1n)), [
      "public_key_type_is_the_profile_s",
    ]),
  ),
  both("an RSA key without a modulus", () => spkiWith(sequence(RSA_IDENTIFIER, bitString(sequence()))), [
    "public_key_type_is_the_profile_s",
  ]),
  both("a key of no octets", () => withMember(6, sequence(RSA_IDENTIFIER)), ["public_key_type_is_the_profile_s"]),
  both("a key of no type", () => withMember(6, sequence()), ["public_key_type_is_the_profile_s"]),
  both(
    "an EC key on secp256k1",
    () => spkiWith(spkiOf(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey)),
    ["public_key_type_is_the_profile_s"],
  ),
  both("an extension too many", () => withExtension("2.5.29.56", DER_NULL), ["extensions_are_the_profile_s"]),
  ["no keyUsage", () => withExtension(OID.keyUsage, undefined), ["extensions_are_the_profile_s"], []],
  both("no basicConstraints", () => withExtension(OID.basicConstraints, undefined), ["extensions_are_the_profile_s"]),
  both("no subjectKeyIdentifier", () => withExtension(OID.subjectKeyIdentifier, undefined), [
    "extensions_are_the_profile_s",
  ]),
  both("no authorityKeyIdentifier", () => withExtension(OID.authorityKeyIdentifier, undefined), [
    "extensions_are_the_profile_s",
  ]),
  both("basicConstraints that are not critical", () => withExtension(OID.basicConstraints, sequence()), [
    "e_basic_constraints_not_critical",
  ]),
  [
    "a CA certificate that nobody decided on",
    () => withExtension(OID.basicConstraints, sequence(DER_TRUE), true),
    ["basic_constraints_say_what_was_decided"],
    ["basic_constraints_say_what_was_decided", "path_len_is_below_the_root_s", "e_ca_key_cert_sign_not_set"],
  ],
  both("a leaf that was to be a CA certificate", good, ["basic_constraints_say_what_was_decided"], { isCa: true }),
  both("pathLen without cA", () => withExtension(OID.basicConstraints, sequence(hex("020100")), true), [
    "e_path_len_constraint_improperly_included",
  ]),
  both("a third member of basicConstraints", () => withConstraints(DER_TRUE, hex("020100"), DER_NULL), [
    "ERR_DER_STRUCTURE",
  ]),
  [
    "a CA certificate that was decided on",
    () => withExtension(OID.keyUsage, namedBits([0, 5]), true, withConstraints(DER_TRUE)),
    ["basic_constraints_say_what_was_decided"],
    ["path_len_is_below_the_root_s"],
    { isCa: true },
  ],
  both("keyUsage that is not critical", () => withExtension(OID.keyUsage, namedBits([0])), [
    "w_ext_key_usage_not_critical",
  ]),
  [
    "keyUsage without a bit",
    () => withExtension(OID.keyUsage, hex("030100"), true),
    ["e_ext_key_usage_without_bits", "key_usage_has_digital_signature"],
    ["e_ext_key_usage_without_bits"],
  ],
  both("a keyUsage bit without meaning", () => withKeyUsage(0, 9), [
    "key_usage_bits_have_a_meaning",
    "key_usage_fits_the_key",
  ]),
  ["keyUsage without digitalSignature", () => withKeyUsage(4), ["key_usage_has_digital_signature"], []],
  both("keyUsage that ends in zero bits", () => withExtension(OID.keyUsage, hex("03020080"), true), [
    "ERR_DER_BIT_STRING",
  ]),
  both("keyCertSign", () => withKeyUsage(0, 5), ["e_ext_key_usage_cert_sign_without_ca"]),
  both("cRLSign", () => withKeyUsage(0, 6), ["e_ext_key_usage_cert_sign_without_ca"]),
  both("keyEncipherment for an EC key", () => withKeyUsage(0, 2), ["key_usage_fits_the_key"]),
  both("decipherOnly without keyAgreement", () => withKeyUsage(0, 8), ["key_usage_fits_the_key"]),
  [
    "keyAgreement for an RSA key",
    () => withExtension(OID.keyUsage, namedBits([0, 4]), true, spkiWith(rsaSpki)),
    ["key_usage_fits_the_key"],
    ["key_usage_fits_the_key"],
  ],
  [
    "no purpose that goes with a bit",
    () => withExtension(OID.keyUsage, namedBits([1]), true),
    ["key_usage_has_digital_signature", "e_key_usage_and_extended_key_usage_inconsistent"],
    ["e_key_usage_and_extended_key_usage_inconsistent"],
  ],
  both(
    "a critical extendedKeyUsage",
    () => withExtension(OID.extendedKeyUsage, sequence(objectIdentifier(USAGES["client auth"].oid)), true),
    ["w_eku_critical_improperly"],
  ),
  both("no purpose in extendedKeyUsage", () => withPurposes(), ["extended_key_usage_is_not_empty"]),
  both("a purpose twice", () => withPurposes(USAGES["client auth"].oid, USAGES["client auth"].oid), [
    "extended_key_usage_purposes_appear_once",
  ]),
  ["any purpose", () => withPurposes(USAGES.any.oid), ["extended_key_usage_is_not_any"], []],
  both(
    "a critical subjectAltName beside a subject",
    () => withExtension(OID.subjectAltName, sequence(dns("a")), true),
    ["e_ext_san_not_critical_without_subject"],
  ),
  both("an empty subjectAltName", () => withNames(), ["e_ext_san_no_entries"]),
  both("a high byte in a DNS name", () => withNames(tlv(0x82, hex("e9"))), ["subject_alt_names_are_ascii_or_octets"]),
  both("an IP address of 5 octets", () => withNames(tlv(0x87, hex("0a00000100"))), [
    "subject_alt_names_are_ascii_or_octets",
  ]),
  both("a registeredID", () => withNames(tlv(0x88, hex("2a03"))), ["subject_alt_names_are_of_the_profile_s_kinds"]),
  [
    "an otherName",
    () => withNames(tagged(0, objectIdentifier("1.2.3.4"), tagged(0, DER_NULL))),
    ["subject_alt_names_are_of_the_profile_s_kinds"],
    [],
  ],
  ["a wildcard", () => withNames(dns("*.demo.svc")), ["subject_alt_names_have_legal_values"], []],
  both("a bare wildcard", () => withNames(dns("*")), ["subject_alt_names_have_legal_values"]),
  both("a relative URI", () => withNames(tlv(0x86, ascii("/a"))), ["subject_alt_names_have_legal_values"]),
  both("a name twice", () => withNames(dns("a"), dns("a")), ["n_san_dns_name_duplicate"]),
  both(
    "a critical subjectKeyIdentifier",
    () => withExtension(OID.subjectKeyIdentifier, octetString(sha1(leafPlan(ca).publicKeySpki.subarray(-65))), true),
    ["e_ext_subject_key_identifier_critical"],
  ),
  both("another subjectKeyIdentifier", () => withExtension(OID.subjectKeyIdentifier, octetString(new Uint8Array(20))), [
    "subject_key_identifier_is_the_hash_of_the_key",
  ]),
  both(
    "a critical authorityKeyIdentifier",
    () => withExtension(OID.authorityKeyIdentifier, sequence(tlv(0x80, ca.root.ski)), true),
    ["e_ext_authority_key_identifier_critical"],
  ),
  both(
    "another authorityKeyIdentifier",
    () => withExtension(OID.authorityKeyIdentifier, sequence(tlv(0x80, new Uint8Array(20)))),
    ["authority_key_identifier_is_the_root_s_key"],
  ),
  both(
    "authorityKeyIdentifier with a serial",
    () => withExtension(OID.authorityKeyIdentifier, sequence(tlv(0x80, ca.root.ski), tlv(0x82, hex("01")))),
    ["authority_key_identifier_is_the_root_s_key"],
  ),
  both(
    "the root's key identifier in another form",
    () => withExtension(OID.authorityKeyIdentifier, sequence(tlv(0x81, ca.root.ski))),
    ["authority_key_identifier_is_the_root_s_key"],
  ),
  both("an empty authorityKeyIdentifier", () => withExtension(OID.authorityKeyIdentifier, sequence()), [
    "authority_key_identifier_is_the_root_s_key",
  ]),
  ["5 KB of names", () => withNames(...longNames(20)), SIZES, []],
  both("almost 8 KB of names", () => withNames(...longNames(31)), SIZES),
  both("more than the reader takes", () => withNames(...longNames(40)), ["ERR_DER_SIZE"]),
  both(
    "the same extension twice",
    () => {
      const parts = membersOf(good());
      const explicit = readDer(parts[7] ?? new Uint8Array(0)).children[0];
      const list = membersOf((parts[7] ?? new Uint8Array(0)).subarray(explicit?.start, explicit?.end));
      return withMember(7, tagged(3, sequence(...list, authorityKeyIdentifier(ca.root.ski))));
    },
    ["ERR_DER_STRUCTURE"],
  ),
  both(
    "unique identifiers",
    () => {
      const parts = membersOf(good());
      return sequence(...parts.slice(0, 7), tlv(0x81, hex("0000")), ...parts.slice(7));
    },
    ["ERR_DER_STRUCTURE"],
  ),
  both("version 1", () => withMember(0, tagged(0, hex("020100"))), ["ERR_DER_STRUCTURE"]),
  both("no extensions", () => withMember(7, tagged(3, sequence())), ["ERR_DER_STRUCTURE"]),
  both("bytes that are no DER", () => hex("3080"), ["ERR_DER_LENGTH_INDEFINITE"]),
];

const OWN: Decision = { isOwnLeaf: true };
/** What lies just inside a bound. */
const GOOD: readonly (readonly [fact: string, tbs: () => Uint8Array, decision?: Decision])[] = [
  ["a prepared leaf", good],
  ["seven days", () => withMember(4, sequence(at(0), at(7 * DAY)))],
  ["a beginning with the root's", () => withMember(4, sequence(at(-HOUR), at(0)))],
  ["an end with the root's", () => withMember(4, sequence(at(364 * DAY), at(365 * DAY)))],
  ["no alternative name beside a subject", () => withExtension(OID.subjectAltName, undefined)],
  ["an RSA key of 2048 bits", () => spkiWith(rsaSpkiOf(2n ** 2048n - 1n))],
  [
    "an own leaf with an attribute beside its name",
    () => withSubject(["O", "Example Corp"], ["CN", "publisher.fleet@capstan"]),
    OWN,
  ],
];

const PROFILE_NAMES: readonly ProfileName[] = ["RolesAnywhere", "General"];

describe.each(PROFILE_NAMES)("no rule of profile %s is broken by", (profile) => {
  test.each(GOOD.map(([fact, tbs, decision = {}]) => ({ fact, tbs, decision })))("$fact", ({ tbs, decision }) => {
    expect(rulesBrokenBy(tbs(), { from: ca, profile, ...decision })).toEqual([]);
  });
});

describe.each(PROFILE_NAMES)("for profile %s the lint", (profile) => {
  test.each(BAD.map((row) => ({ fact: row[0], row })))("judges $fact", ({ row }) => {
    const [, tbs, rolesAnywhere, general, decision = {}] = row;
    const expected = profile === "General" ? general : rolesAnywhere;
    expect(rulesBrokenBy(tbs(), { from: ca, profile, ...decision }).sort()).toEqual([...expected].sort());
  });
});

describe("every rule", () => {
  const all = [...LEAF_LINT_RULES, ...CERTIFICATE_LINT_RULES];

  test("has a bad example", () => {
    const broken = new Set(BAD.flatMap(([, , rolesAnywhere, general]) => [...rolesAnywhere, ...general]));
    expect(LEAF_LINT_RULES.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
  });

  test("has a name of its own, a source and a profile", () => {
    expect(new Set(LEAF_LINT_RULES.map(({ name }) => name)).size).toBe(LEAF_LINT_RULES.length);
    expect(all.filter(({ source, profiles }) => source.length < 6 || profiles.length === 0)).toEqual([]);
  });

  test("stands in a file of its own, and is in the list", () => {
    const files = (folder: string): string[] => readdirSync(new URL(`../../src/lint/${folder}`, import.meta.url));
    expect([files("leaf").length, files("certificate").length]).toEqual([
      LEAF_LINT_RULES.length,
      CERTIFICATE_LINT_RULES.length,
    ]);
  });
});

test("keyEncipherment is fine for an RSA key", () => {
  const usages = ["digital signature", "key encipherment"] as const;
  const { tbs } = prepareLeaf(leafPlan(ca, { publicKeySpki: rsaSpki, usages }));
  expect(rulesBrokenBy(tbs, { from: ca, profile: "RolesAnywhere" })).toEqual([]);
});
