import { afterAll, describe, expect, test } from "vitest";
import { CelEvaluator } from "@capstan/policy";
import type { CelInput } from "../../src/cel/cel-variables.ts";

// Generous: what is ended here by mistake is ended because the machine is busy.
const evaluator = new CelEvaluator({ timeLimitMs: 30_000 });
const impatient = new CelEvaluator({ timeLimitMs: 500 });
afterAll(async () => await Promise.all([evaluator.close(), impatient.close()]));

const input: CelInput = {
  request: {
    commonName: `${"a".repeat(60)}!`,
    organizations: ["Example Corp"],
    organizationalUnits: [],
    countries: [],
    provinces: [],
    localities: [],
    otherAttributes: { "2.5.4.17": ["12345"] },
    dnsNames: Array.from({ length: 200 }, (_, index) => `n${index}.demo.svc`),
    ipAddresses: ["10.0.0.1"],
    emailAddresses: [],
    uris: [],
    otherNames: {},
    usages: ["client auth", "digital signature"],
    duration: 3_600_000,
    keyAlgorithm: "ECDSA-P256",
    isCA: false,
  },
  requester: {
    namespace: "demo",
    namespaceLabels: { team: "a" },
    serviceAccount: "web",
    podName: "",
    username: "system:serviceaccount:demo:web",
    groups: ["system:serviceaccounts"],
  },
};

describe("an expression", () => {
  test.each<[expression: string, value: boolean]>([
    ["true", true],
    ["request.commonName.endsWith('!')", true],
    ["request.dnsNames.all(name, name.endsWith('.' + requester.namespace + '.svc'))", true],
    ["request.dnsNames.exists(name, name == 'n7.demo.svc')", true],
    ["request.duration <= duration('1h')", true],
    ["request.duration < duration('1h')", false],
    ["'server auth' in request.usages", false],
    ["request.otherAttributes['2.5.4.17'] == ['12345']", true],
    ["requester.namespaceLabels.?tier.orValue('none') == 'none'", true],
    ["has(requester.namespaceLabels.team) && requester.namespaceLabels.team == 'a'", true],
    ["requester.serviceAccount != '' && requester.podName == ''", true],
    ["request.keyAlgorithm.startsWith('ECDSA')", true],
    ["size(request.ipAddresses) == 1 && !request.isCA", true],
    ["'constructor' in requester.namespaceLabels", false],
    // RE2: matches is a search, and takes linear time where a backtracking engine would take 2^60 steps.
    ["request.commonName.matches('a!$')", true],
    ["request.commonName.matches('^(a+)+$')", false],
    ["request.dnsNames.all(name, name.matches('^(n|[0-9]|[0-9][0-9])+[.]demo[.]svc$'))", true],
  ])("%s is %s", async (expression, value) => {
    expect(await evaluator.check(expression)).toBeUndefined();
    expect(await evaluator.evaluate(expression, input)).toEqual({ ok: true, value });
  });

  test.each<[expression: string, rule: string, place?: string]>([
    ["1 +", "Unexpected token: EOF", "1:4"],
    ["true &&\n  request.foo", "No such key: foo", "2:11"],
    ["unknown == 1", "Unknown variable: unknown", "1:1"],
    ["request.commonName + 1 == 'x'", "no such overload: string + int", "1:1"],
    ["request.commonName.constructor == 'x'", "Cannot index type 'string'", "1:20"],
    ["__proto__ == 1", "Reserved identifier: __proto__", "1:1"],
    ["request.commonName", "its result must be a bool, and is a string"],
    ["dyn(request.isCA)", "its result must be a bool, and is a dyn"],
    ["request.commonName.matches('(?=a)')", "it is no regular expression of RE2", "1:28"],
    ["request.dnsNames.all(n, n.matches('('))", "it is no regular expression of RE2", "1:35"],
    ["request.commonName.matches('((a{100}){100}){100}')", "it is no regular expression of RE2", "1:28"],
    [`${"(".repeat(500)}true${")".repeat(500)}`, "Exceeded maxDepth (64)", "1:65"],
    ["[".repeat(4_000), "Exceeded maxDepth (64)", "1:65"],
    [`${"!".repeat(4_000)}true`, "Exceeded maxAstNodes (2000)", "1:2001"],
    [`[${"1,".repeat(2_000)}1] == []`, "Exceeded maxListElements (256)", "1:514"],
    [" ".repeat(4_097), "it is longer than 4096 characters"],
    ["", "Unexpected token: EOF", "1:1"],
  ])("%j is refused: %s", async (expression, rule, place) => {
    const fault = await evaluator.check(expression);
    expect({ rule: fault?.rule, place: fault?.place && `${fault.place.line}:${fault.place.column}` }).toEqual({
      rule,
      place,
    });
    const verdict = await evaluator.evaluate(expression, input);
    expect(verdict).toEqual({ ok: false, fault });
  });

  test.each<[expression: string, rule: string]>([
    ["requester.namespaceLabels.tier == 'x'", "No such key: tier"],
    ["request.organizationalUnits[0] == 'x'", expect.stringContaining("index out of bounds, index 0")],
    ["1 / size(request.uris) == 1", "division by zero"],
    ["request.commonName.matches(request.commonName + '(')", `Invalid regular expression: ${"a".repeat(60)}!(`],
  ])("%s fails for a request without it, and that refuses", async (expression, rule) => {
    expect(await evaluator.check(expression)).toBeUndefined();
    expect(await evaluator.evaluate(expression, input)).toMatchObject({ ok: false, fault: { rule } });
  });
});

describe("an expression that does not end", () => {
  const names = "request.dnsNames";

  test.each<[fact: string, expression: string]>([
    ["that-only-takes-time", `${names}.all(a, ${names}.all(b, ${names}.all(c, ${names}.all(d, true))))`],
    ["that-takes-memory", `${names}.map(a, ${names}.map(b, ${names}.map(c, a + b + c))).size() > 0`],
  ])("%s is ended, and the next one is answered", async (_fact, expression) => {
    expect(await evaluator.check(expression)).toBeUndefined();
    const [verdict, next] = await Promise.all([
      impatient.evaluate(expression, input),
      impatient.evaluate("true", input),
    ]);
    expect(verdict).toMatchObject({ ok: false, isTransient: true });
    expect(next).toEqual({ ok: true, value: true });
  });

  test("what is asked about is bounded too", async () => {
    const large = { ...input, requester: { ...input.requester, groups: ["x".repeat(70_000)] } };
    expect(await evaluator.evaluate("true", large)).toMatchObject({ ok: false });
  });

  test("a closed evaluator begins anew when asked", async () => {
    await evaluator.close();
    expect(await evaluator.evaluate("true", input)).toEqual({ ok: true, value: true });
  });
});
