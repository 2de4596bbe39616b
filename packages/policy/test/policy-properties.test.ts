import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide, type IssuerSpec } from "@capstan/policy";
import { generalPolicy, names, question, rule, subject, type Change } from "./question.ts";

// Few words, so that patterns and values of independent draws meet.
const word = fc.constantFrom("a", "b", "a-b", "web");
const namespace = fc.constantFrom("a", "b", "a-b");
const label = fc.oneof(
  word,
  fc.constant("*"),
  word.map((text) => `${text}-*`),
  fc.constant("{namespace}"),
  fc.constant("x-{namespace}"),
  fc.constant("{serviceAccount}"),
);
const pattern = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join("."));
const ownPattern = pattern.filter((text) => text.includes("{namespace}"));
const value = fc
  .array(
    fc.oneof(
      word,
      namespace,
      namespace.map((text) => `x-${text}`),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((labels) => labels.join("."));
const serviceAccount = fc.option(word, { nil: undefined });
const policy = fc.record(
  {
    commonName: fc.array(pattern, { minLength: 1, maxLength: 3 }),
    dnsNames: fc.array(pattern, { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: [] },
);
const usage = fc.constantFrom("digital signature", "key encipherment", "client auth", "server auth");
const usages = fc.uniqueArray(usage, { minLength: 1 });
const hours = fc.integer({ min: 1, max: 200 });

function rulesOf(drawn: { commonName?: string[]; dnsNames?: string[] }): NonNullable<Change["policy"]> {
  return {
    commonName: drawn.commonName === undefined ? undefined : rule(drawn.commonName),
    dnsNames: drawn.dnsNames === undefined ? undefined : rule(drawn.dnsNames),
  };
}

function isGranted(change: Change): boolean {
  return decide(question(change)).ok;
}

/** Runs a property and holds it to have met both answers often enough to mean something. */
function assertBoth(
  property: (count: (granted: boolean) => boolean) => fc.IProperty<unknown[]>,
  numRuns: number,
): void {
  const seen = { granted: 0, refused: 0 };
  const count = (granted: boolean): boolean => {
    seen[granted ? "granted" : "refused"]++;
    return granted;
  };
  fc.assert(property(count), { numRuns });
  expect(seen.granted).toBeGreaterThan(10);
  expect(seen.refused).toBeGreaterThan(10);
}

describe("whatever the policy", () => {
  test("no pattern that holds {namespace} lets two namespaces have one name", () => {
    assertBoth(
      (count) =>
        fc.property(ownPattern, value, namespace, namespace, serviceAccount, (text, name, one, other, account) => {
          fc.pre(one !== other);
          const ask = (asker: string): boolean =>
            isGranted({
              policy: { commonName: rule([text]) },
              request: { subject: subject(`CN=${name}`) },
              requester: { namespace: asker, serviceAccount: account },
            });
          if (count(ask(one))) expect(ask(other)).toBe(false);
        }),
      3_000,
    );
  });

  test("what is not attested gives nobody a name: without an account no more is granted than with one", () => {
    fc.assert(
      fc.property(policy, value, namespace, word, (drawn, name, asker, account) => {
        const change: Change = { policy: rulesOf(drawn), request: { subject: subject(`CN=${name}`) } };
        if (isGranted({ ...change, requester: { namespace: asker } })) {
          expect(isGranted({ ...change, requester: { namespace: asker, serviceAccount: account } })).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("an issuer grants nothing beyond its authority's bounds", () => {
    assertBoth(
      (count) =>
        fc.property(
          usages,
          fc.option(usages, { nil: undefined }),
          usages,
          hours,
          fc.option(hours, { nil: undefined }),
          fc.record({ hours, clamp: fc.boolean(), isAllowed: fc.boolean(), isCa: fc.boolean() }),
          (bounds, narrower, asked, longest, shorter, rest) => {
            const decision = decide(
              question({
                asked: { durationMs: rest.hours * 3_600_000, usages: asked, isCa: rest.isCa },
                requester: { namespaceLabels: rest.isAllowed ? { aws: "allowed" } : {} },
                issuer: {
                  profile: "General",
                  overMaximum: rest.clamp ? "Clamp" : "Refuse",
                  caCertificates: { maxPathLength: 3 },
                  ...(narrower === undefined ? {} : { usages: narrower }),
                  ...(shorter === undefined ? {} : { maxDuration: `${shorter}h` }),
                },
                policy: generalPolicy,
                authority: { maxLeafDuration: `${longest}h` },
                issuance: { usages: bounds },
              }),
            );
            if (!count(decision.ok) || !decision.ok) return;
            expect(rest.isAllowed).toBe(true);
            expect(rest.isCa).toBe(false);
            expect(bounds).toEqual(expect.arrayContaining([...decision.value.usages]));
            expect(narrower ?? bounds).toEqual(expect.arrayContaining([...decision.value.usages]));
            expect(decision.value.durationMs).toBeLessThanOrEqual(Math.min(longest, shorter ?? longest) * 3_600_000);
          },
        ),
      400,
    );
  });

  test("more rules and patterns never take a name away, fewer never give one", () => {
    assertBoth(
      (count) =>
        fc.property(policy, pattern, value, namespace, (drawn, more, name, asker) => {
          const ask = (allow: readonly string[]): boolean =>
            isGranted({
              policy: { commonName: rule(allow), dnsNames: undefined },
              request: { subject: subject(`CN=${name}`) },
              requester: { namespace: asker },
            });
          const few = drawn.commonName ?? ["x"];
          if (count(ask(few))) expect(ask([...few, more])).toBe(true);
        }),
      1_000,
    );
  });

  test("the two profiles hold names that AWS can map to the same rules", () => {
    assertBoth(
      (count) =>
        fc.property(policy, value, fc.boolean(), namespace, (drawn, name, isAlternative, asker) => {
          const ask = (profile: IssuerSpec["profile"]): boolean =>
            isGranted({
              issuer: { profile },
              policy: { ...rulesOf(drawn), organization: rule(["x"]) },
              request: isAlternative
                ? { subject: subject("O=x"), subjectAlternativeNames: names(`DNS:${name}`) }
                : { subject: subject(`CN=${name}`) },
              requester: { namespace: asker },
            });
          expect(count(ask("General"))).toBe(ask("RolesAnywhere"));
        }),
      1_500,
    );
  });

  test("no rule gives anybody a name that is kept for Capstan", () => {
    const everything: Change = { issuer: { profile: "General" }, policy: generalPolicy };
    const suffix = fc.constantFrom("@capstan", "@CAPSTAN", "\uff20capstan", "@\uff43apstan");
    const before = fc.stringMatching(/^[a-z.@]{0,8}$/);
    const type = fc.constantFrom("CN", "O", "OU", "L", "ST", "serialNumber", "2.5.4.17");
    fc.assert(
      fc.property(type, before, suffix, (type, text, end) => {
        expect(isGranted({ ...everything, request: { subject: subject(`${type}=${text}${end}`) } })).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});
