import { generateKeyPairSync } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { extension } from "../../src/certificate/write-extension.ts";
import { readDer } from "../../src/der/read.ts";
import {
  DER_NULL,
  DER_TRUE,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  tagged,
  time,
  tlv,
} from "../../src/der/write.ts";
import { prepareLeaf } from "../../src/index.ts";
import { SIGNATURE_ALGORITHM_DER } from "../../src/keys/algorithms.ts";
import { OID } from "../../src/lib/oids.ts";
import { LEAF_LINT_RULES, lintLeaf } from "../../src/lint/lint-leaf.ts";
import { writeName } from "../../src/name/write-name.ts";
import { authority, DAY, NOW, type Authority } from "../support/authority.ts";
import { ascii, hex } from "../support/bytes.ts";
import { leafPlan } from "../support/leaf.ts";
import { spkiOf } from "../support/request.ts";

let ca: Authority;

beforeAll(async () => {
  ca = await authority();
});

/** Members of a TBSCertificate by their place: 0 version, 1 serial, 2 signature, 3 issuer, 4 validity, 5 subject, 6 key, 7 extensions. */
type Member = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

const members = (der: Uint8Array): Uint8Array[] =>
  readDer(der).children.map((child) => Uint8Array.from(child.source.subarray(child.start, child.end)));

function tbsWith(member: Member, value: Uint8Array): Uint8Array {
  const parts = members(prepareLeaf(leafPlan(ca)).tbs);
  parts[member] = value;
  return sequence(...parts);
}

/** Puts an extension in the place of the one with its identifier, or at the end; an empty value takes it out. */
function tbsWithExtension(oid: string, value: Uint8Array | undefined, critical = false): Uint8Array {
  const tbs = prepareLeaf(leafPlan(ca)).tbs;
  const list = readDer(tbs).children[7]?.children[0];
  const old = members(tbs.subarray(list?.start, list?.end));
  const kept = old.filter((one) => !Buffer.from(one).includes(Buffer.from(objectIdentifier(oid))));
  return tbsWith(7, tagged(3, sequence(...kept, ...(value === undefined ? [] : [extension(oid, critical, value)]))));
}

const rulesBrokenBy = (tbs: Uint8Array): string[] =>
  lintLeaf({ tbs, root: ca.root, maxLifetimeMs: 7 * DAY }).map(({ rule }) => rule);
const at = (ms: number): Uint8Array => time(new Date(NOW.getTime() + ms));

test("a prepared leaf breaks no rule", () => {
  expect(rulesBrokenBy(prepareLeaf(leafPlan(ca)).tbs)).toEqual([]);
});

const BAD: readonly (readonly [fact: string, tbs: () => Uint8Array, rules: readonly string[]])[] = [
  ["a serial of 8 octets", () => tbsWith(1, tlv(2, new Uint8Array(8).fill(1))), ["serial_is_16_octets"]],
  ["a serial of 17 octets", () => tbsWith(1, tlv(2, hex(`00${"ff".repeat(16)}`))), ["serial_is_16_octets"]],
  [
    "another signature algorithm",
    () => tbsWith(2, SIGNATURE_ALGORITHM_DER.RSA.sha256),
    ["signature_algorithm_is_sha256_of_the_root_key"],
  ],
  [
    "ECDSA with NULL parameters",
    () => tbsWith(2, sequence(objectIdentifier(OID.ecdsaWithSha256), DER_NULL)),
    ["signature_algorithm_is_sha256_of_the_root_key"],
  ],
  [
    "another issuer",
    () => tbsWith(3, writeName([{ type: "CN", value: "Example Fleet CA" }])),
    ["issuer_bytes_equal_root_subject"],
  ],
  ["an end after the root's", () => tbsWith(4, sequence(at(364 * DAY), at(366 * DAY))), ["validity_lies_within_root"]],
  ["a beginning before the root's", () => tbsWith(4, sequence(at(-2 * DAY), at(DAY))), ["validity_lies_within_root"]],
  ["an end before the beginning", () => tbsWith(4, sequence(at(DAY), at(0))), ["validity_lies_within_root"]],
  ["eight days", () => tbsWith(4, sequence(at(0), at(8 * DAY))), ["lifetime_is_at_most_max_leaf_duration"]],
  ["no subject", () => tbsWith(5, sequence()), ["subject_is_not_empty_and_maps_into_tags"]],
  [
    "a subject with &",
    () => tbsWith(5, writeName([{ type: "CN", value: "a&b" }])),
    ["subject_is_not_empty_and_maps_into_tags"],
  ],
  [
    "a subject with serialNumber",
    () => tbsWith(5, writeName([{ type: "serialNumber", value: "1" }])),
    ["subject_is_not_empty_and_maps_into_tags"],
  ],
  [
    "the root's key",
    () => tbsWith(6, ca.root.spki),
    ["public_key_is_not_the_root_key", "subject_key_identifier_is_the_hash_of_the_key"],
  ],
  ["an extension too many", () => tbsWithExtension("2.5.29.56", DER_NULL), ["extensions_are_the_profile_s"]],
  [
    "no keyUsage",
    () => tbsWithExtension(OID.keyUsage, undefined),
    ["extensions_are_the_profile_s", "key_usage_has_digital_signature_and_fits_the_key"],
  ],
  [
    "keyUsage that is not critical",
    () => tbsWithExtension(OID.keyUsage, namedBits([0])),
    ["extensions_are_the_profile_s"],
  ],
  [
    "basicConstraints with cA",
    () => tbsWithExtension(OID.basicConstraints, sequence(DER_TRUE), true),
    ["basic_constraints_is_empty"],
  ],
  [
    "keyUsage without digitalSignature",
    () => tbsWithExtension(OID.keyUsage, namedBits([4]), true),
    ["key_usage_has_digital_signature_and_fits_the_key"],
  ],
  [
    "keyUsage with keyCertSign",
    () => tbsWithExtension(OID.keyUsage, namedBits([0, 5]), true),
    ["key_usage_has_digital_signature_and_fits_the_key"],
  ],
  [
    "keyUsage with a bit without meaning",
    () => tbsWithExtension(OID.keyUsage, namedBits([0, 9]), true),
    ["key_usage_has_digital_signature_and_fits_the_key"],
  ],
  [
    "keyEncipherment for an EC key",
    () => tbsWithExtension(OID.keyUsage, namedBits([0, 2]), true),
    ["key_usage_has_digital_signature_and_fits_the_key"],
  ],
  [
    "no purpose in extendedKeyUsage",
    () => tbsWithExtension(OID.extendedKeyUsage, sequence()),
    ["extended_key_usage_is_not_empty_and_not_any"],
  ],
  [
    "any purpose",
    () => tbsWithExtension(OID.extendedKeyUsage, sequence(objectIdentifier("2.5.29.37.0"))),
    ["extended_key_usage_is_not_empty_and_not_any"],
  ],
  [
    "an empty subjectAltName",
    () => tbsWithExtension(OID.subjectAltName, sequence()),
    ["subject_alt_name_is_not_empty_and_of_known_kinds"],
  ],
  [
    "a registeredID",
    () => tbsWithExtension(OID.subjectAltName, sequence(tlv(0x88, hex("2a03")))),
    ["subject_alt_name_is_not_empty_and_of_known_kinds"],
  ],
  [
    "a high byte in a DNS name",
    () => tbsWithExtension(OID.subjectAltName, sequence(tlv(0x82, hex("e9")))),
    ["subject_alt_name_is_not_empty_and_of_known_kinds"],
  ],
  [
    "another subjectKeyIdentifier",
    () => tbsWithExtension(OID.subjectKeyIdentifier, octetString(new Uint8Array(20))),
    ["subject_key_identifier_is_the_hash_of_the_key"],
  ],
  [
    "another authorityKeyIdentifier",
    () => tbsWithExtension(OID.authorityKeyIdentifier, sequence(tlv(0x80, new Uint8Array(20)))),
    ["authority_key_identifier_is_the_root_s_key"],
  ],
  [
    "authorityKeyIdentifier with a serial",
    () => tbsWithExtension(OID.authorityKeyIdentifier, sequence(tlv(0x80, ca.root.ski), tlv(0x82, hex("01")))),
    ["authority_key_identifier_is_the_root_s_key"],
  ],
  [
    "5 KB of names",
    () =>
      tbsWithExtension(
        OID.subjectAltName,
        sequence(...Array.from({ length: 20 }, () => tlv(0x82, ascii("a".repeat(250))))),
      ),
    ["certificate_is_at_most_4_kib"],
  ],
  [
    "unique identifiers",
    () => {
      const parts = members(prepareLeaf(leafPlan(ca)).tbs);
      return sequence(...parts.slice(0, 7), tlv(0x81, hex("0000")), ...parts.slice(7));
    },
    ["der"],
  ],
  ["version 1", () => tbsWith(0, tagged(0, hex("020100"))), ["der"]],
  ["no extensions", () => tbsWith(7, tagged(3, sequence())), ["der"]],
  ["bytes that are no DER", () => hex("3080"), ["der"]],
];

describe("the lint finds", () => {
  test.each(BAD)("%s", (_, tbs, rules) => {
    expect(rulesBrokenBy(tbs())).toEqual(rules);
  });

  test("a bad example for every rule", () => {
    const covered = new Set(BAD.flatMap(([, , rules]) => rules));
    expect(LEAF_LINT_RULES.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
  });
});

test("every rule has a name of its own and a source", () => {
  expect(new Set(LEAF_LINT_RULES.map(({ name }) => name)).size).toBe(LEAF_LINT_RULES.length);
  expect(LEAF_LINT_RULES.every(({ source }) => source.length > 5)).toBe(true);
});

test("keyEncipherment is fine for an RSA key", () => {
  const publicKeySpki = spkiOf(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
  const { tbs } = prepareLeaf(leafPlan(ca, { publicKeySpki, usages: ["digital signature", "key encipherment"] }));
  expect(rulesBrokenBy(tbs)).toEqual([]);
});
