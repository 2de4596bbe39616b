import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as api from "@capstan/api";
import { conditionTables, eventTables } from "../../../tools/docs/reasons.ts";
import { describe, expect, test } from "vitest";

const packages = fileURLToPath(new URL("../../../packages/", import.meta.url));

function sources(...folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(path.join(packages, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(path.join(packages, folder, file), "utf8")),
  );
}

const controllers = sources("issuer-controller/src", "crl-publisher/src");

function matches(texts: readonly string[], pattern: RegExp): readonly string[] {
  return [...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, found = ""]) => found)))];
}

const described = [...conditionTables, ...eventTables].flatMap(({ rows }) => rows.map(({ reason }) => reason));

const named = Object.entries(api)
  .filter(([name]) => name.endsWith("Reasons"))
  .flatMap(([, reasons]) => Object.values(reasons as Readonly<Record<string, string>>));

const [waitCodes = ""] = matches(sources("ca-core/src/rotation"), /export type WaitCode =([^;]*);/g);
const codes = matches([waitCodes], /"(\w+)"/g);

/** Written as they are, where a condition or an event is made. */
const literal = [
  ...matches(controllers, /\breason: "([A-Z]\w+)"/g),
  ...matches(controllers, /\b(?:normal|warning)\("(\w+)"/g),
];

/** Made of a word and a state. */
const prefixes = [
  ...matches(controllers, /\breason: `([A-Z][A-Za-z]+)\$\{/g),
  ...matches(controllers, /\b(?:normal|warning)\(`([A-Z][A-Za-z]+)\$\{/g),
];

describe("every reason that a controller can give", () => {
  test("is-found-in-the-sources", () => {
    // What the patterns above must find, or they have gone blind.
    expect(named).toEqual(expect.arrayContaining(["Issuing", "Recorded", "InvalidPolicy"]));
    expect(codes.length).toBeGreaterThan(30);
    expect(literal).toEqual(expect.arrayContaining(["NotApproved", "GenerationSealed"]));
    expect(prefixes).toEqual(expect.arrayContaining(["CRL", "Generation", "Reissue"]));
  });

  test.each([
    ["reasons.ts", named],
    ["the codes of the rotation", codes],
    ["conditions and events as they are written", literal],
  ])("is-described-of-%s", (_of, reasons) => {
    expect(reasons.filter((reason) => !described.includes(reason))).toEqual([]);
  });

  test("is-described-for-each-beginning", () => {
    expect(prefixes.filter((prefix) => !described.some((reason) => reason.startsWith(prefix)))).toEqual([]);
  });
});

test("no-reason-is-described-that-nothing-gives", () => {
  const given = new Set([...named, ...codes, ...literal]);
  const made = (reason: string): boolean => prefixes.some((prefix) => reason.startsWith(prefix));
  expect(described.filter((reason) => !given.has(reason) && !made(reason))).toEqual([]);
});

test("no-reason-is-described-twice-in-a-table", () => {
  for (const { of, rows } of [...conditionTables, ...eventTables]) {
    const reasons = rows.map(({ reason }) => reason);
    expect([of, reasons]).toEqual([of, [...new Set(reasons)]]);
  }
});
