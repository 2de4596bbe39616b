import { describe, expect, test } from "vitest";
import { decideRefusal, hasSameNames, refusalGraceMs, type PolicyViolation } from "@capstan/policy";
import { names, subject } from "./question.ts";

function violation(code: PolicyViolation["code"]): PolicyViolation {
  return { code, field: "x", rule: "y" };
}

const refused = {
  violations: [violation("ERR_POLICY_NAME"), violation("ERR_POLICY_DURATION")],
  wasReleasedBefore: true,
  firstRefusedMs: 1000,
  nowMs: 1000,
};

describe("decideRefusal", () => {
  test("a name that was released before waits for the grace time", () => {
    expect(decideRefusal(refused)).toEqual({ do: "wait", untilMs: 1000 + refusalGraceMs });
    expect(decideRefusal({ ...refused, nowMs: 999 + refusalGraceMs })).toMatchObject({ do: "wait" });
    expect(decideRefusal({ ...refused, graceMs: 5 })).toEqual({ do: "wait", untilMs: 1005 });
  });

  test("what could not be decided waits, whoever asks", () => {
    const violations = [violation("ERR_POLICY_VALIDATION_ABORTED")];
    expect(decideRefusal({ ...refused, violations, wasReleasedBefore: false })).toMatchObject({ do: "wait" });
    const more = [...violations, violation("ERR_POLICY_NAME")];
    expect(decideRefusal({ ...refused, violations: more, wasReleasedBefore: false })).toEqual({ do: "fail" });
  });

  test.each<[fact: string, change: Partial<Parameters<typeof decideRefusal>[0]>]>([
    ["a-name-that-was-never-released", { wasReleasedBefore: false }],
    ["after-the-grace-time", { nowMs: 1000 + refusalGraceMs }],
    ["a-grace-of-nothing", { graceMs: 0 }],
    ["a-fault-of-the-request-itself", { violations: [violation("ERR_SIGNATURE_INVALID")] }],
    [
      "a-fault-of-the-request-beside-one-of-the-policy",
      { violations: [...refused.violations, violation("ERR_SAN_DNS")] },
    ],
    ["a-reserved-name", { violations: [violation("ERR_NAME_RESERVED")] }],
    ["a-blocked-key", { violations: [violation("ERR_KEY_BLOCKED")] }],
    ["an-unknown-usage", { violations: [violation("ERR_USAGE_UNKNOWN")] }],
  ])("%s fails at once", (_fact, change) => {
    expect(decideRefusal({ ...refused, ...change })).toEqual({ do: "fail" });
  });
});

describe("hasSameNames", () => {
  const released = { subject: subject("CN=web.demo", "O=x"), subjectAlternativeNames: names("DNS:a", "URI:b://c") };

  test.each([
    ["the-same-names", released, true],
    ["the-same-in-another-order", { ...released, subject: subject("O=x", "CN=web.demo") }, true],
    ["fewer-names", { subject: subject("CN=web.demo"), subjectAlternativeNames: [] }, true],
    ["another-name", { ...released, subject: subject("CN=api.demo") }, false],
    ["one-more-name", { ...released, subjectAlternativeNames: names("DNS:a", "DNS:d") }, false],
    ["a-value-under-another-kind", { ...released, subjectAlternativeNames: names("URI:a") }, false],
    ["a-value-under-another-type", { ...released, subject: subject("O=web.demo") }, false],
  ])("%s", (_fact, asked, expected) => {
    expect(hasSameNames(released, asked)).toBe(expected);
  });
});
