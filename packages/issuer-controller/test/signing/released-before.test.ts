import { describe, expect, test } from "vitest";
import { namesLabelOf } from "../../src/signing/released-before.ts";
import { issuance } from "../support/objects.ts";

type Names = Parameters<typeof namesLabelOf>[1];

const cn = { type: "CN", oid: "2.5.4.3", value: "web.demo" } as const;
const names: Names = {
  subject: [cn],
  subjectAlternativeNames: [
    { kind: "DNS", value: "a.demo.svc" },
    { kind: "DNS", value: "b.demo.svc" },
  ],
};
const [first, second] = names.subjectAlternativeNames;
if (first === undefined || second === undefined) throw new TypeError("there are two names");

describe("the label of a leaf's names", () => {
  test.each<[fact: string, asked: Parameters<typeof namesLabelOf>[0], names: Names]>([
    ["issuer", issuance({ issuer: { kind: "CapstanClusterIssuer", name: "other" } }), names],
    ["kind-of-issuer", issuance({ issuer: { kind: "CapstanIssuer", namespace: "demo", name: "fleet" } }), names],
    ["namespace", issuance({ attested: { namespace: "other", unattested: "" } }), names],
    ["no-namespace", issuance({ attested: { namespace: undefined, unattested: "" } }), names],
    ["subject", issuance(), { ...names, subject: [{ ...cn, value: "api.demo" }] }],
    ["type-of-attribute", issuance(), { ...names, subject: [{ ...cn, type: "O" }] }],
    ["a-name-less", issuance(), { ...names, subjectAlternativeNames: [first] }],
    ["kind-of-name", issuance(), { ...names, subjectAlternativeNames: [first, { ...second, kind: "URI" }] }],
  ])("differs by: %s", (_fact, asked, other) => {
    expect(namesLabelOf(asked, other)).not.toBe(namesLabelOf(issuance(), names));
  });

  test("is-the-same-in-any-order", () => {
    const turned = { ...names, subjectAlternativeNames: [second, first] };
    expect(namesLabelOf(issuance(), turned)).toBe(namesLabelOf(issuance(), names));
  });

  test("is-a-labels-value", () => {
    expect(namesLabelOf(issuance(), names)).toMatch(/^[0-9a-f]{40}$/);
  });
});
