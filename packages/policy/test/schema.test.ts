import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { isUsage, LEAF_KEY_ALGORITHM_NAMES } from "@capstan/ca-core";
import { parsePattern } from "../src/pattern.ts";

// What the schema says in its own words must be what this package says.

interface Schema {
  readonly properties: Readonly<Record<string, Schema>>;
  readonly items: Schema & { readonly enum: readonly string[] };
  readonly "x-kubernetes-validations": readonly { readonly rule: string }[];
}

async function specOf(plural: string): Promise<Readonly<Record<string, Schema>>> {
  const text = await readFile(new URL(`../../api/crds/capstan.dev_${plural}.yaml`, import.meta.url), "utf8");
  const crd = parse(text) as { spec: { versions: readonly { schema: { openAPIV3Schema: Schema } }[] } };
  return crd.spec.versions[0]?.schema.openAPIV3Schema.properties["spec"]?.properties ?? {};
}

const issuer = await specOf("capstanclusterissuers");
const authority = await specOf("certificateauthorities");

test("an issuer may list the keys that ca-core knows, and no other", () => {
  expect(issuer["keyAlgorithms"]?.items.enum.toSorted()).toEqual(LEAF_KEY_ALGORITHM_NAMES.toSorted());
});

test("issuer and authority may list the usages that ca-core knows", () => {
  const usages = authority["issuance"]?.properties["usages"]?.items.enum ?? [];
  expect(usages.filter((usage) => !isUsage(usage))).toEqual([]);
  expect(usages).toHaveLength(23);
  expect(issuer["usages"]?.items.enum).toEqual(usages);
});

describe("a pattern", () => {
  const rules =
    issuer["policy"]?.properties["commonName"]?.properties["allow"]?.items["x-kubernetes-validations"] ?? [];
  /** Every rule is `self.matches('…')` or its opposite, in RE2's syntax that JavaScript shares. */
  const checks = rules.map(({ rule }) => {
    const [, not, expression] = /^(!?)self[.]matches[(]'(.+)'[)]$/.exec(rule) ?? [];
    if (expression === undefined) throw new Error(`${rule} has another form`);
    const pattern = new RegExp(expression, "u");
    return (text: string): boolean => pattern.test(text) !== (not === "!");
  });
  const isAccepted = (text: string): boolean => checks.every((check) => check(text));

  test("that the schema refuses is none, and the schema leaves two faults to the issuer's condition", () => {
    const parts = ["a", "*", ".", "/", ":", "@", "{", "}", "{namespace}", "{serviceAccount}", "{podName}", "{x}", "-"];
    let refused = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 6 }), (drawn) => {
        const text = drawn.join("");
        const parsed = parsePattern(text);
        if (!isAccepted(text)) {
          refused++;
          expect(parsed.ok).toBe(false);
        } else if (!parsed.ok) {
          expect(parsed.fault.rule).toMatch(/mixes \{\w+\} with \{\w+\}|stands without \{namespace\}/);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(checks).toHaveLength(3);
    expect(refused).toBeGreaterThan(100);
  });
});
