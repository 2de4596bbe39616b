import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  checkAgainstProfile,
  checkCertificationRequest,
  type ProfileName,
  type ProfileQuestion,
} from "../../src/index.ts";
import { OTHER_CATALOGUE, REQUEST_CATALOGUE } from "../support/catalogue.ts";
import { ALTERNATIVE_NAMES } from "../support/hostile/alternative-names.ts";
import { ATTRIBUTES } from "../support/hostile/attributes.ts";
import { ENCODING } from "../support/hostile/encoding.ts";
import { KEYS } from "../support/hostile/keys.ts";
import { NAMES } from "../support/hostile/names.ts";
import { SIGNATURES } from "../support/hostile/signatures.ts";
import { blockedMs } from "../support/event-loop.ts";
import { codesOf } from "../support/request.ts";

const ROWS = [...ENCODING, ...ATTRIBUTES, ...NAMES, ...ALTERNATIVE_NAMES, ...KEYS, ...SIGNATURES];
const PROFILES: readonly ProfileName[] = ["RolesAnywhere", "General"];
/** What one request may cost everybody else. */
const MAX_BLOCK_MS = 50;

function checkAll(input: string | Uint8Array, question: Omit<ProfileQuestion, "request">): void {
  const checked = checkCertificationRequest(input);
  if (checked.ok) checkAgainstProfile({ request: checked.value, ...question });
}

describe.each(PROFILES)("in profile %s", (profile) => {
  for (const [id, fact, input, codes, { general = codes, question = {} } = {}] of ROWS) {
    test(`${id} ${fact}`, () => {
      const made = input();
      const expected = profile === "General" ? general : codes;
      expect(codesOf(made, { profile, ...question })).toEqual([...expected].sort());
      expect(blockedMs(() => checkAll(made, { profile, ...question }))).toBeLessThan(MAX_BLOCK_MS);
    });
  }
});

describe("the catalogue", () => {
  test.each(Object.entries(REQUEST_CATALOGUE))("%s has a test for each of its items", (id, items) => {
    const facts = ROWS.filter(([row]) => row === id).map(([, fact]) => fact);
    expect(items.filter((item) => !facts.some((fact) => fact.includes(item)))).toEqual([]);
  });

  test("names no two tests alike", () => {
    const names = ROWS.map(([id, fact]) => `${id} ${fact}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test.each(OTHER_CATALOGUE)("%s begins the name of a test", (name) => {
    const folder = new URL("../", import.meta.url);
    const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".test.ts"))
      .map((path) => readFileSync(new URL(path, folder), "utf8"));
    const isNamed = new RegExp(`["'\`]${name}\\b`);
    expect(sources.some((source) => isNamed.test(source))).toBe(true);
  });
});
