import { describe, expect, test } from "vitest";
import { isSameName } from "../../src/name/compare-names.ts";

const name = (...attributes: readonly string[]): { type: string; value: string }[] =>
  attributes.map((text) => ({ type: text.slice(0, text.indexOf("=")), value: text.slice(text.indexOf("=") + 1) }));

describe("a name", () => {
  test.each([
    ["is itself", name("CN=a", "O=b"), name("CN=a", "O=b")],
    ["is itself in another order", name("CN=a", "O=b"), name("O=b", "CN=a")],
    ["is itself in other letters", name("CN=Example CA"), name("CN=EXAMPLE ca")],
    ["is itself with other spaces", name("CN=Example CA"), name("CN= Example   CA ")],
    ["is itself in full width", name("CN=CA"), name("CN=\uFF23\uFF21")],
    ["is itself decomposed", name("CN=caf\u00E9"), name("CN=cafe\u0301")],
    ["without attributes is itself", [], []],
  ])("%s", (_, a, b) => {
    expect([isSameName(a, b), isSameName(b, a)]).toEqual([true, true]);
  });

  test.each([
    ["with another value", name("CN=a"), name("CN=b")],
    ["of another type", name("CN=a"), name("O=a")],
    ["with one attribute more", name("CN=a"), name("CN=a", "O=b")],
    ["with one attribute twice", name("CN=a", "CN=a", "O=b"), name("CN=a", "O=b", "O=b")],
    ["with exchanged values", name("CN=a", "O=b"), name("CN=b", "O=a")],
  ])("%s is another one", (_, a, b) => {
    expect([isSameName(a, b), isSameName(b, a)]).toEqual([false, false]);
  });
});
