import { readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import * as api from "../../src/index.ts";
import { exampleScope, type ExampleScope } from "./example-scope.ts";

const SOURCE = join(import.meta.dirname, "../../src");
const sources = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => readFileSync(join(SOURCE, file), "utf8"));

/** The doc comment in front of an exported function or class, without its stars. */
function commentOf(name: string): string {
  const declaration = new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s*export (?:async )?(?:function|class) ${name}\\b`);
  const comment = sources.map((source) => declaration.exec(source)?.[1]).find((found) => found !== undefined) ?? "";
  return comment.replaceAll(/^ *\* ?/gm, "");
}

/** What follows `@example`, up to the next tag. */
function exampleOf(name: string): string {
  return /@example\s([^]*?)(?=\n@|$)/.exec(commentOf(name))?.[1]?.trim() ?? "";
}

/** `expression // literal` claims that the expression has that value: the claim is held to. */
function withClaims(example: string): string {
  return example
    .split("\n")
    .map((line) => {
      const [, expression, literal] = /^(.*\S)\s+\/\/ (.+)$/.exec(line) ?? [];
      if (expression === undefined || literal === undefined || !isLiteral(literal)) return line;
      return `claim(${expression.replace(/;$/, "")}, ${literal});`;
    })
    .join("\n");
}

function isLiteral(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const AsyncFunction = (async () => undefined).constructor as new (
  ...parts: readonly string[]
) => (...values: readonly unknown[]) => Promise<void>;

const functions = Object.entries(api)
  .filter(([, value]) => typeof value === "function")
  .map(([name]) => name)
  // Errors are thrown to callers, not made by them.
  .filter((name) => !name.endsWith("Error"));

describe("the example of", () => {
  let scope: ExampleScope;
  beforeAll(async () => {
    scope = await exampleScope();
  });

  test.each(functions)("%s is there, and runs", async (name) => {
    const example = exampleOf(name);
    expect(example).toContain(name);
    const claim = (actual: unknown, expected: unknown): void => expect(actual).toEqual(expected);
    const names = { ...api, ...scope, claim };
    const body = stripTypeScriptTypes(`async function example() {\n${withClaims(example)}\n}`);
    await new AsyncFunction(...Object.keys(names), `${body}\nawait example();`)(...Object.values(names));
  });
});

test("the example of the README issues a leaf and a CRL that names it", async () => {
  const readme = readFileSync(join(SOURCE, "../README.md"), "utf8");
  const [, block = ""] = /```ts\n([^]*?)```/.exec(readme) ?? [];
  const code = stripTypeScriptTypes(block.replace(/^import \{[^}]*\} from "@capstan\/ca-core";/, ""));
  const { requestPem } = await exampleScope();
  const seen: string[] = [];
  const body = `${code.replace("export async", "async")}\nsee(await issue(requestPem));`;
  const names = { ...api, requestPem, see: (text: string): number => seen.push(text) };
  await new AsyncFunction(...Object.keys(names), body)(...Object.values(names));
  expect(seen.join().match(/-----BEGIN [A-Z0-9 ]+-----/g)).toEqual([
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN X509 CRL-----",
  ]);
});
