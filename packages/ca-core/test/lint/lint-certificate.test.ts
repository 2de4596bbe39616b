import { beforeAll, describe, expect, test } from "vitest";
import { readDer } from "../../src/der/read.ts";
import { TAG } from "../../src/der/tag.ts";
import { bitString, DER_NULL, sequence, tlv } from "../../src/der/write.ts";
import { PROFILES } from "../../src/index.ts";
import { SIGNATURE_ALGORITHM_DER } from "../../src/keys/algorithms.ts";
import { CERTIFICATE_LINT_RULES, lintCertificate } from "../../src/lint/lint-leaf.ts";
import { authority, DAY, type Authority } from "../support/authority.ts";
import { hex } from "../support/bytes.ts";
import { longNames, membersOf } from "../support/edited-leaf.ts";
import { newLeaf } from "../support/leaf.ts";

let ca: Authority;

beforeAll(async () => {
  ca = await authority();
});

const judge = async (edit: (parts: Uint8Array[]) => Uint8Array[]): Promise<string[]> => {
  const whole = readDer(sequence(...edit(membersOf((await newLeaf(ca)).der))));
  const decision = { root: ca.root, maxLifetimeMs: DAY, profile: PROFILES.RolesAnywhere, isCa: false };
  return lintCertificate({ ...decision, isOwnLeaf: false, whole }).map(({ rule }) => rule);
};
const nothing = new Uint8Array(0);
const ecdsa = (...values: Uint8Array[]): Uint8Array => bitString(sequence(...values));

const ROWS: readonly (readonly [
  fact: string,
  edit: (parts: Uint8Array[]) => Uint8Array[],
  rules: readonly string[],
])[] = [
  ["nothing wrong", (parts) => parts, []],
  [
    "another outer algorithm",
    ([tbs = nothing, , value = nothing]) => [tbs, SIGNATURE_ALGORITHM_DER.EC.sha384, value],
    ["e_cert_sig_alg_not_match_tbs_sig_alg"],
  ],
  ["a fourth member", (parts) => [...parts, DER_NULL], ["certificate_has_three_members"]],
  [
    "no signature",
    (parts) => parts.slice(0, 2),
    ["certificate_has_three_members", "e_mp_ecdsa_signature_encoding_correct"],
  ],
  [
    "an empty signature",
    ([tbs = nothing, algorithm = nothing]) => [tbs, algorithm, bitString(nothing)],
    ["e_mp_ecdsa_signature_encoding_correct"],
  ],
  [
    "r = 0",
    ([tbs = nothing, algorithm = nothing]) => [tbs, algorithm, ecdsa(hex("020100"), hex("020101"))],
    ["e_mp_ecdsa_signature_encoding_correct"],
  ],
  [
    "unused bits",
    ([tbs = nothing, algorithm = nothing]) => [tbs, algorithm, tlv(TAG.bitString, hex("043000"))],
    ["e_mp_ecdsa_signature_encoding_correct"],
  ],
  ["more than 4 KiB", (parts) => [sequence(...longNames(17)), ...parts.slice(1)], ["certificate_is_not_too_large"]],
];

describe("of a signed certificate the lint finds", () => {
  test.each(ROWS)("%s", async (_, edit, rules) => {
    expect(await judge(edit)).toEqual(rules);
  });

  test("an example for every rule", () => {
    const broken = new Set(ROWS.flatMap(([, , rules]) => rules));
    expect(CERTIFICATE_LINT_RULES.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
  });
});
