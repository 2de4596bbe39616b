import { describe, expect, test } from "vitest";
import { askedLabelOf } from "../../src/signing/released-before.ts";
import { issuance } from "../support/objects.ts";

type Asked = Parameters<typeof askedLabelOf>[1];

const cn = { type: "CN", oid: "2.5.4.3", value: "web.demo" } as const;
const names: Asked = {
  publicKey: { algorithm: "ECDSA-P256" },
  subject: [cn],
  subjectAlternativeNames: [
    { kind: "DNS", value: "a.demo.svc" },
    { kind: "DNS", value: "b.demo.svc" },
  ],
};
const [first, second] = names.subjectAlternativeNames;
if (first === undefined || second === undefined) throw new TypeError("there are two names");

describe("the label of what was asked for", () => {
  test.each<[fact: string, asked: Parameters<typeof askedLabelOf>[0], names: Asked]>([
    ["issuer", issuance({ issuer: { kind: "CapstanClusterIssuer", name: "other" } }), names],
    ["kind-of-issuer", issuance({ issuer: { kind: "CapstanIssuer", namespace: "demo", name: "fleet" } }), names],
    ["namespace", issuance({ attested: { namespace: "other", unattested: "" } }), names],
    ["no-namespace", issuance({ attested: { namespace: undefined, unattested: "" } }), names],
    ["subject", issuance(), { ...names, subject: [{ ...cn, value: "api.demo" }] }],
    ["type-of-attribute", issuance(), { ...names, subject: [{ ...cn, type: "O" }] }],
    ["a-name-less", issuance(), { ...names, subjectAlternativeNames: [first] }],
    ["kind-of-key", issuance(), { ...names, publicKey: { algorithm: "RSA-2048" } }],
    ["duration", issuance({ durationMs: 1 }), names],
    ["no-duration", issuance({ durationMs: undefined }), names],
    ["usages", issuance({ usages: ["client auth"] }), names],
    ["ca", issuance({ isCa: true }), names],
    ["kind-of-name", issuance(), { ...names, subjectAlternativeNames: [first, { ...second, kind: "URI" }] }],
  ])("differs by: %s", (_fact, asked, other) => {
    expect(askedLabelOf(asked, other)).not.toBe(askedLabelOf(issuance(), names));
  });

  test("is-the-same-in-any-order", () => {
    const turned = { ...names, subjectAlternativeNames: [second, first] };
    expect(askedLabelOf(issuance(), turned)).toBe(askedLabelOf(issuance(), names));
  });

  test("is-a-labels-value", () => {
    expect(askedLabelOf(issuance(), names)).toMatch(/^[0-9a-f]{40}$/);
  });
});
