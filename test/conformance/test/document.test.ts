import { describe, expect, test } from "vitest";
import { formatDocument } from "../src/document.ts";
import type { Result } from "../src/result.ts";

function result(change: Partial<Result>): Result {
  return {
    suite: "certificates",
    spec: "issues",
    issuer: "CapstanIssuer",
    outcome: "passed",
    milliseconds: 1,
    ...change,
  };
}

const results = [
  result({ suite: "certificatesigningrequests", spec: "issues a | b", outcome: "failed", reason: "no" }),
  result({ spec: "issues", issuer: "CapstanClusterIssuer" }),
  result({ spec: "issues" }),
  result({ spec: "acme", outcome: "skipped", reason: "needs ACMEUseARI" }),
];

/** What follows the introduction. */
function tables(some: readonly Result[]): string {
  return formatDocument(some).replace(/^[^]*?(?=\*\*\d+ passed)/, "");
}

test("each-suite-is-a-table-of-specs-and-kinds-of-issuers", () => {
  expect(tables(results)).toMatchInlineSnapshot(`
    "**2 passed, 1 failed, 1 skipped**

    ## certificates

    | spec | CapstanClusterIssuer | CapstanIssuer |
    | --- | --- | --- |
    | acme | not run | skipped: needs ACMEUseARI |
    | issues | passed | passed |

    ## certificatesigningrequests

    | spec | CapstanClusterIssuer | CapstanIssuer |
    | --- | --- | --- |
    | issues a \\| b | not run | failed |
    "
  `);
});

describe("the page does not differ", () => {
  test.each<[fact: string, other: readonly Result[]]>([
    ["by-the-order-in-which-specs-ended", results.toReversed()],
    ["by-how-long-they-took", results.map((one) => ({ ...one, milliseconds: 99 }))],
  ])("%s", (_fact, other) => {
    expect(formatDocument(other)).toBe(formatDocument(results));
  });
});

test("the-page-says-that-it-is-a-port-and-what-writes-it", () => {
  expect(formatDocument(results)).toContain("**This is a port.**");
  expect(formatDocument(results)).toContain("Written by `pnpm conformance`");
});
