import { beforeAll, describe, expect, test } from "vitest";
import { readDer } from "../../src/der/read.ts";
import { TAG } from "../../src/der/tag.ts";
import { bitString, DER_NULL, sequence, tlv } from "../../src/der/write.ts";
import { PROFILES, type Root } from "../../src/index.ts";
import { SIGNATURE_ALGORITHM_DER } from "../../src/keys/algorithms.ts";
import { signatureValue } from "../../src/lint/certificate/signature-value.ts";
import { CERTIFICATE_LINT_RULES, lintCertificate, type LintFinding } from "../../src/lint/lint-leaf.ts";
import type { LeafDecision } from "../../src/lint/rule.ts";
import { authority, DAY, type Authority } from "../support/authority.ts";
import { hex } from "../support/bytes.ts";
import { longNames, membersOf } from "../support/edited-leaf.ts";
import { newLeaf } from "../support/leaf.ts";

let ca: Authority;

beforeAll(async () => {
  ca = await authority();
});

const decisionWith = (root: Root): LeafDecision => ({
  root,
  maxLifetimeMs: DAY,
  profile: PROFILES.RolesAnywhere,
  isCa: false,
  isOwnLeaf: false,
});
const findings = (der: Uint8Array): LintFinding[] => lintCertificate({ ...decisionWith(ca.root), whole: readDer(der) });
const judge = async (edit: (parts: Uint8Array[]) => Uint8Array[]): Promise<string[]> =>
  findings(sequence(...edit(membersOf((await newLeaf(ca)).der)))).map(({ rule }) => rule);
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
    "neither algorithm nor signature",
    (parts) => parts.slice(0, 1),
    ["certificate_has_three_members", "e_cert_sig_alg_not_match_tbs_sig_alg", "e_mp_ecdsa_signature_encoding_correct"],
  ],
  ["a first member of another type", ([, ...parts]) => [DER_NULL, ...parts], ["certificate_has_three_members"]],
  [
    "an algorithm of another type",
    ([tbs = nothing, , value = nothing]) => [tbs, DER_NULL, value],
    ["certificate_has_three_members", "e_cert_sig_alg_not_match_tbs_sig_alg"],
  ],
  [
    "a signature of another type",
    ([tbs = nothing, algorithm = nothing]) => [tbs, algorithm, DER_NULL],
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

  test("its three members in something other than a SEQUENCE", async () => {
    const { der } = await newLeaf(ca);
    expect(findings(tlv(0xa0, ...membersOf(der))).map(({ rule }) => rule)).toEqual(["certificate_has_three_members"]);
  });

  test("no fault where the program itself has one", async () => {
    const whole = readDer((await newLeaf(ca)).der);
    const [tbs, algorithm, signature] = whole.children;
    const fault = new TypeError("of the program");
    const faulty: Root = {
      ...ca.root,
      get algorithm(): never {
        throw fault;
      },
    };
    const subject = { ...decisionWith(faulty), whole, tbs, algorithm, signature };
    expect(() => signatureValue.faultOf(subject)).toThrow(fault);
    expect(() => lintCertificate(subject)).toThrow(fault);
  });

  test("an example for every rule", () => {
    const broken = new Set(ROWS.flatMap(([, , rules]) => rules));
    expect(CERTIFICATE_LINT_RULES.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
  });
});
