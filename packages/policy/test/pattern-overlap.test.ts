import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mayShareNames } from "../src/pattern-overlap.ts";
import { matchesPattern, parsePattern, type Pattern } from "../src/pattern.ts";

function pattern(text: string): Pattern {
  const parsed = parsePattern(text);
  if (!parsed.ok) throw new Error(parsed.fault.rule);
  return parsed.pattern;
}

describe("mayShareNames", () => {
  test.each([
    ["*.{namespace}", "{namespace}.*"],
    ["{serviceAccount}.{namespace}", "{namespace}.{serviceAccount}"],
    ["{namespace}", "x-{namespace}"],
    ["{namespace}", "{namespace}{namespace}"],
    ["{namespace}.b", "a.{namespace}"],
    ["{namespace}.a-*", "*-b.{namespace}"],
  ])("%s and %s may", (one, other) => {
    expect(mayShareNames(pattern(one), pattern(other))).toBe(true);
    expect(mayShareNames(pattern(other), pattern(one))).toBe(true);
  });

  test.each([
    ["*.{namespace}", "*.{namespace}"],
    ["*.{namespace}", "{serviceAccount}.{namespace}"],
    ["*.{namespace}", "*.*.{namespace}"],
    ["*.{namespace}", "{namespace}@*"],
    ["a-{namespace}", "b-{namespace}"],
    ["{namespace}-a", "{namespace}-b"],
    ["a.{namespace}.x", "{namespace}.a.y"],
    ["a*.{namespace}", "b-{namespace}.*"],
    ["web.{namespace}.svc", "{namespace}.api.web"],
    // Nobody's alone.
    ["*.{namespace}", "*.*"],
    ["*.*", "*.x"],
  ])("%s and %s do not", (one, other) => {
    expect(mayShareNames(pattern(one), pattern(other))).toBe(false);
    expect(mayShareNames(pattern(other), pattern(one))).toBe(false);
  });

  test("says so of every two patterns by which two namespaces can have one name", () => {
    const word = fc.constantFrom("a", "b");
    const label = fc.oneof(
      word,
      fc.constantFrom("*", "{namespace}", "{serviceAccount}"),
      word.map((text) => `${text}*`),
      word.map((text) => `*${text}`),
      word.map((text) => `${text}{namespace}`),
      word.map((text) => `{namespace}${text}`),
    );
    const patterns = fc
      .array(label, { minLength: 1, maxLength: 2 })
      .map((labels) => labels.join("."))
      .filter((text) => text.includes("{namespace}"));
    const names = ["a", "b", "ab", "ba", "aa"];
    const values = [...names, ...names.flatMap((one) => names.map((other) => `${one}.${other}`))];
    const owners = (own: Pattern, value: string): readonly string[] =>
      names.filter((namespace) =>
        names.some((serviceAccount) => matchesPattern(own, { namespace, serviceAccount, value })),
      );
    let shared = 0;
    fc.assert(
      fc.property(patterns, patterns, (oneText, otherText) => {
        const [one, other] = [pattern(oneText), pattern(otherText)];
        const isShared = values.some((value) => {
          const rivals = owners(other, value);
          return owners(one, value).some((name) => rivals.some((rival) => rival !== name));
        });
        if (!isShared) return;
        shared++;
        expect(mayShareNames(one, other)).toBe(true);
      }),
      { numRuns: 400 },
    );
    expect(shared).toBeGreaterThan(5);
  });
});
