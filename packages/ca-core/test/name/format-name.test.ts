import { expect, test } from "vitest";
import { formatName } from "../../src/name/format-name.ts";

test("attributes-keep-the-order-of-the-certificate", () => {
  expect(
    formatName([
      { type: "CN", value: "web.demo" },
      { type: "O", value: "Example Corp" },
    ]),
  ).toBe("CN=web.demo,O=Example Corp");
});

test.each([
  ["a-separator-is-escaped", "a,O=b", String.raw`CN=a\,O\=b`],
  ["a-plus-is-escaped", "a+b", String.raw`CN=a\+b`],
  ["a-newline-cannot-forge-a-line", "a\nb", String.raw`CN=a\0ab`],
  ["a-leading-hash-is-escaped", "#0500", String.raw`CN=\#0500`],
  ["a-trailing-space-is-escaped", "a ", "CN=a\\ "],
  ["a-backslash-is-escaped", "a\\b", String.raw`CN=a\\b`],
])("%s", (_, value, text) => {
  expect(formatName([{ type: "CN", value }])).toBe(text);
});
