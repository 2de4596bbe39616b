import { describe, expect, test } from "vitest";
import { formatDocument } from "../src/document.ts";
import type { Result, Results } from "../src/result.ts";

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

const port = [
  result({ suite: "certificatesigningrequests", spec: "issues a | b", outcome: "failed", reason: "no" }),
  result({ spec: "issues", issuer: "CapstanClusterIssuer" }),
  result({ spec: "issues" }),
  result({ spec: "acme", outcome: "skipped", reason: "needs ACMEUseARI" }),
];

const results: Results = { port, original: [result({ spec: "issued long ago" })] };

/** What follows the introduction. */
function tables(some: Results): string {
  return formatDocument(some).replace(/^[^]*?(?=\*\*\d+ passed)/, "");
}

test("each-suite-is-a-table-of-specs-and-kinds-of-issuers", () => {
  expect(tables(results)).toMatchInlineSnapshot(`
    "**3 passed, 1 failed, 1 skipped**

    ## certificates

    | spec | CapstanClusterIssuer | CapstanIssuer |
    | --- | --- | --- |
    | acme | not run | skipped: needs ACMEUseARI |
    | issues | passed | passed |

    ## certificatesigningrequests

    | spec | CapstanClusterIssuer | CapstanIssuer |
    | --- | --- | --- |
    | issues a \\| b | not run | failed |

    ## certificates, of v1.11.5 unchanged

    | spec | CapstanIssuer |
    | --- | --- |
    | issued long ago | passed |
    "
  `);
});

describe("the page does not differ", () => {
  test.each<[fact: string, other: Results]>([
    ["by-the-order-in-which-specs-ended", { ...results, port: port.toReversed() }],
    ["by-how-long-they-took", { ...results, port: port.map((one) => ({ ...one, milliseconds: 99 })) }],
  ])("%s", (_fact, other) => {
    expect(formatDocument(other)).toBe(formatDocument(results));
  });
});

test("the-page-says-that-it-is-a-port-and-what-writes-it", () => {
  expect(formatDocument(results)).toContain("of a port.**");
  expect(formatDocument(results)).toContain("Written by `pnpm conformance`");
});
