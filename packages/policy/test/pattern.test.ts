import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exampleOf, matchesPattern, parsePattern, type Pattern } from "../src/pattern.ts";

function pattern(text: string): Pattern {
  const parsed = parsePattern(text);
  if (!parsed.ok) throw new Error(parsed.fault.rule);
  return parsed.pattern;
}

describe("matchesPattern", () => {
  test.each([
    ["*.{namespace}", "web.demo"],
    ["*.{namespace}", "web-1.demo"],
    ["{namespace}", "demo"],
    ["ns-{namespace}.x", "ns-demo.x"],
    ["{namespace}-{namespace}", "demo-demo"],
    ["*", "anything but dots"],
    ["web-*", "web-a"],
    ["*-web", "a-web"],
    ["a*z", "abcz"],
    ["*.*", "a.b"],
    ["Example Corp", "Example Corp"],
    ["*.{namespace}.svc", "web.demo.svc"],
    ["spiffe://example.org/ns/{namespace}/sa/*", "spiffe://example.org/ns/demo/sa/web"],
    ["(a+)+$[x]", "(a+)+$[x]"],
    ["$&", "$&"],
    ["*@{namespace}.example.org", "web@demo.example.org"],
    ["https://*.example.org:8443/x", "https://a.example.org:8443/x"],
    ["system:serviceaccount:{namespace}:*", "system:serviceaccount:demo:web"],
  ])("%s allows %j", (text, value) => {
    expect(matchesPattern(pattern(text), { namespace: "demo", value })).toBe(true);
  });

  test.each([
    ["*.{namespace}", "web.prod"],
    ["*.{namespace}", ".demo"],
    ["*.{namespace}", "demo"],
    ["*.{namespace}", "a.web.demo"],
    ["*.{namespace}", "web.demo."],
    ["*.{namespace}", "web.demo.svc"],
    ["*.{namespace}", "web.Demo"],
    ["*.{namespace}", "web/demo"],
    ["*.{namespace}", "web.demo\n"],
    ["*.{namespace}", "web.\ndemo"],
    ["*.{namespace}", "web.{namespace}"],
    ["*.{namespace}", "web.d\u0435mo"],
    ["{namespace}", "*"],
    ["*", ""],
    ["*", "a.b"],
    ["*", "a@b"],
    ["*", "a:b"],
    ["*", "a/b"],
    ["web-*", "web-"],
    ["web-*", "Web-a"],
    ["*-web", "-web"],
    ["*-web", "a-wex"],
    ["a*z", "abcy"],
    ["web.", "web"],
    ["web/", "web"],
    ["aba*ba", "aba"],
    ["aba*ba", "ababa"],
    ["web", "webb"],
    ["web", "we"],
    ["a.c", "abc"],
    ["a/b", "a.b"],
    ["\u00e9", "e\u0301"],
    ["spiffe://example.org/ns/{namespace}/sa/*", "spiffe://example.org/ns/prod/sa/web"],
    ["spiffe://example.org/ns/{namespace}/sa/*", "spiffe://example.org/ns/demo/sa/web/x"],
    ["spiffe://example.org/ns/{namespace}/sa/*", "spiffe://example.org/ns/demo/sa/../../prod/sa/web"],
    ["spiffe://example.org/ns/{namespace}/sa/*", "spiffe://exampleXorg/ns/demo/sa/web"],
  ])("%s does not allow %j", (text, value) => {
    expect(matchesPattern(pattern(text), { namespace: "demo", value })).toBe(false);
  });

  test("a namespace is text, never a pattern or a replacement", () => {
    expect(matchesPattern(pattern("x.{namespace}"), { namespace: "*", value: "x.demo" })).toBe(false);
    expect(matchesPattern(pattern("x.{namespace}"), { namespace: "$&", value: "x.$&" })).toBe(true);
    expect(matchesPattern(pattern("x.{namespace}"), { namespace: "a.b", value: "x.a.b" })).toBe(false);
  });

  test("placeholders of service account and pod match what is attested, and nothing where nothing is", () => {
    const own = pattern("{podName}.{serviceAccount}.{namespace}");
    const known = { namespace: "demo", serviceAccount: "web", podName: "web-0" };
    expect(matchesPattern(own, { ...known, value: "web-0.web.demo" })).toBe(true);
    for (const value of [
      "web-1.web.demo",
      "web-0.api.demo",
      "web-0.web.prod",
      "..demo",
      "{podName}.{serviceAccount}.demo",
    ]) {
      expect(matchesPattern(own, { ...known, value })).toBe(false);
      expect(matchesPattern(own, { namespace: "demo", value })).toBe(false);
    }
    for (const lacking of ["namespace", "serviceAccount", "podName"]) {
      const value = "web-0.web.demo";
      expect(matchesPattern(own, { ...known, [lacking]: undefined, value })).toBe(false);
    }
    // The name of a service account may hold dots, and none of them may end a label.
    expect(matchesPattern(own, { ...known, serviceAccount: "web.x", value: "web-0.web.x.demo" })).toBe(false);
  });

  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/);
  const anyText = fc.string({ unit: "binary", maxLength: 40 });

  test("a * never reaches across a dot, slash, colon or @", () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(".", "/", ":", "@"), anyText, (left, cut, right) => {
        for (const text of ["*", "a*", "*a", "a*a"]) {
          expect(matchesPattern(pattern(text), { namespace: "demo", value: left + cut + right })).toBe(false);
        }
      }),
    );
  });

  test("two namespaces never share a name under a pattern that holds {namespace}", () => {
    const part = fc.oneof(
      label,
      fc.constant("*"),
      fc.constant("{namespace}"),
      label.map((text) => `${text}-*`),
    );
    const patterns = fc
      .tuple(
        fc.array(part, { maxLength: 3 }),
        fc.constantFrom("{namespace}", "ns-{namespace}"),
        fc.array(part, { maxLength: 3 }),
      )
      .map(([before, own, after]) => [...before, own, ...after].join("."));
    fc.assert(
      fc.property(patterns, label, label, fc.array(label, { maxLength: 7 }), (text, one, other, labels) => {
        fc.pre(one !== other);
        const own = pattern(text);
        // A value made for namespace "one": its labels fill the stars.
        let next = 0;
        const value = text.replaceAll("*", () => labels[next++] ?? "x").replaceAll("{namespace}", one);
        expect(matchesPattern(own, { namespace: one, value })).toBe(true);
        expect(matchesPattern(own, { namespace: other, value })).toBe(false);
      }),
    );
  });

  test("agrees with a regular expression made from the same pattern", () => {
    const unit = fc.constantFrom("a", "b", "-", ".", "/", "*", "+", "(", "\n", "é");
    const sources = fc.array(unit, { maxLength: 12 }).map((units) => units.join(""));
    const fillers = fc.array(fc.constantFrom("", "a", "ab", "*", ".", "a/b", "\n"), { minLength: 6, maxLength: 6 });
    let matched = 0;
    fc.assert(
      fc.property(sources, fillers, (source, filled) => {
        const parsed = parsePattern(source);
        fc.pre(parsed.ok);
        if (!parsed.ok) return;
        let next = 0;
        const value = source.replaceAll("*", () => filled[next++] ?? "");
        const expression = source.replaceAll(/[*+(./]/g, (found) => (found === "*" ? "[^./]+" : `\\${found}`));
        const expected = new RegExp(`^(?:${expression})$`, "u").test(value);
        if (expected) matched++;
        expect(matchesPattern(parsed.pattern, { namespace: "demo", value })).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
    expect(matched).toBeGreaterThan(200);
  });

  test("ten times the input takes no more than a small multiple of ten times as long", () => {
    // The worst the CRD lets through: 253 characters of one-star labels, and values built to almost match.
    const hostile = pattern(`${"a*a.".repeat(60)}b`);
    const time = (size: number): number => {
      const value = `${`${"a".repeat(size)}.`.repeat(60)}c`;
      const runs = Array.from({ length: 7 }, () => {
        const start = performance.now();
        for (let run = 0; run < 20; run++) matchesPattern(hostile, { namespace: "demo", value });
        return performance.now() - start;
      });
      return Math.min(...runs);
    };
    time(2_000);
    expect(time(20_000) / time(2_000)).toBeLessThan(60);
  });
});

describe("parsePattern", () => {
  test.each([
    ["**", 'the label "**" has more than one *'],
    ["a.*b*.c", 'the label "*b*" has more than one *'],
    ["{foo}", "the placeholder {foo} is unknown"],
    ["{Namespace}", "the placeholder {Namespace} is unknown"],
    ["{}", "the placeholder {} is unknown"],
    ["{{namespace}}", "{ stands alone"],
    ["{namespace", "{ stands alone"],
    ["namespace}", "} stands alone"],
    [
      "*-{namespace}",
      'the label "*-{namespace}" mixes * with {namespace}, so that two namespaces could have the same name',
    ],
    [
      "{namespace}*.svc",
      'the label "{namespace}*" mixes * with {namespace}, so that two namespaces could have the same name',
    ],
    [
      "{namespace}-{serviceAccount}",
      'the label "{namespace}-{serviceAccount}" mixes {namespace} with {serviceAccount}, so that two service accounts could have the same name',
    ],
    [
      "*-{podName}.{namespace}",
      'the label "*-{podName}" mixes * with {podName}, so that two pods could have the same name',
    ],
    [
      "{serviceAccount}.svc",
      "{serviceAccount} stands without {namespace}, so that two namespaces could have the same name",
    ],
  ])("refuses %s", (text, rule) => {
    expect(parsePattern(text)).toEqual({ ok: false, fault: { rule, cure: expect.any(String) } });
  });

  test("an example of a pattern is matched by it", () => {
    for (const text of ["*.{namespace}.svc", "a-*", "x", "spiffe://*/{namespace}/y"]) {
      expect(matchesPattern(pattern(text), { namespace: "a", value: exampleOf(pattern(text)) })).toBe(true);
    }
  });
});
