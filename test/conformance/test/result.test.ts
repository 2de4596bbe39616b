import { describe, expect, test } from "vitest";
import { parseSuiteLine } from "../src/result.ts";

const passed = { suite: "certificates", spec: "s", issuer: "CapstanIssuer", outcome: "passed", milliseconds: 12 };

test("a-plan-is-read", () => {
  expect(parseSuiteLine('{"planned":108}')).toEqual({ planned: 108 });
});

test.each<[fact: string, change: object]>([
  ["passed", {}],
  ["failed-with-a-reason", { outcome: "failed", reason: "the URIs are missing" }],
  ["skipped-with-a-reason", { outcome: "skipped", reason: "no Gateway API" }],
])("a-result-is-read-that-%s", (_fact, change) => {
  const result = { ...passed, ...change };
  expect(parseSuiteLine(JSON.stringify(result))).toEqual({ result });
});

describe("what is no result is refused", () => {
  test.each<[fact: string, line: string]>([
    ["no-json", "PASS"],
    ["an-empty-line", ""],
    ["an-array", "[]"],
    ["null", "null"],
    ["a-plan-that-is-text", '{"planned":"108"}'],
    ["no-spec", JSON.stringify({ ...passed, spec: undefined })],
    ["an-empty-issuer", JSON.stringify({ ...passed, issuer: "" })],
    ["an-unknown-outcome", JSON.stringify({ ...passed, outcome: "ok" })],
    ["no-time", JSON.stringify({ ...passed, milliseconds: undefined })],
    ["a-failure-without-a-reason", JSON.stringify({ ...passed, outcome: "failed" })],
    ["a-skip-without-a-reason", JSON.stringify({ ...passed, outcome: "skipped", reason: "" })],
    ["a-pass-with-a-reason", JSON.stringify({ ...passed, reason: "almost" })],
  ])("%s", (_fact, line) => {
    expect(() => parseSuiteLine(line)).toThrow("the suite printed what is no result");
  });
});
