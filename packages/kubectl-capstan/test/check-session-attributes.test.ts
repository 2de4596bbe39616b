import { describe, expect, test } from "vitest";
import { type CertifiedNames, sessionAttributes } from "../src/check/session-attributes.ts";

const none: CertifiedNames = { subject: [], issuer: [], alternativeNames: [] };

function subject(...parts: readonly (readonly [type: string, value: string])[]): CertifiedNames {
  return { ...none, subject: parts.map(([type, value]) => ({ type, value })) };
}

// https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
describe("the source identity", () => {
  test.each<[fact: string, names: CertifiedNames, expected: string | undefined]>([
    ["a common name gets a prefix", subject(["CN", "web.demo"]), "CN=web.demo"],
    ["one of 61 characters too", subject(["CN", "a".repeat(61)]), `CN=${"a".repeat(61)}`],
    ["one of 62 stands alone", subject(["CN", "a".repeat(62)]), "a".repeat(62)],
    ["one of 65 is none", subject(["CN", "a".repeat(65)]), undefined],
    ["characters that AWS does not take", subject(["CN", "a&b"]), undefined],
    ["without one the serial number", { ...subject(["O", "x"]), serial: "4567" }, "ID=4567"],
    ["of odd length with a zero before it", { ...subject(["O", "x"]), serial: "123" }, "ID=0123"],
  ])("%s", (_fact, names, expected) => {
    expect(sessionAttributes(names).sourceIdentity).toBe(expected);
  });
});

describe("session tags", () => {
  test("repeated attributes are joined in the order of the certificate", () => {
    const names = subject(["OU", "Security"], ["CN", "x"], ["OU", "Engineering"]);
    expect([...sessionAttributes(names).tags]).toEqual([
      ["x509Subject/OU", "Security/Engineering"],
      ["x509Subject/CN", "x"],
    ]);
  });

  test("of DNS names and URIs the first counts, and other kinds do not", () => {
    const alternativeNames = [
      { kind: "IP", value: "10.0.0.1" },
      { kind: "DNS", value: "a" },
      { kind: "URI", value: "spiffe://x/y" },
      { kind: "DNS", value: "b" },
      { kind: "Email", value: "a@b" },
    ];
    expect([...sessionAttributes({ ...none, alternativeNames }).tags]).toEqual([
      ["x509SAN/DNS", "a"],
      ["x509SAN/URI", "spiffe://x/y"],
    ]);
  });

  test.each<[fact: string, value: string]>([
    ["a character outside the pattern", "A & B"],
    ["a comma", "a,b"],
    ["over 256 characters", "a".repeat(257)],
  ])("%s is not mapped, and said", (_fact, value) => {
    const { tags, unmapped } = sessionAttributes({ ...none, issuer: [{ type: "CN", value }] });
    expect({ size: tags.size, unmapped }).toEqual({ size: 0, unmapped: ["x509Issuer/CN"] });
  });
});
