import { expect, test } from "vitest";
import { Holdings } from "../src/holdings.ts";

const crl = { arn: "", name: "", enabled: true, number: "1", serials: [] };
const anchor = (arn: string, certificates: number, crls: number) => ({
  arn,
  fingerprints: Array.from({ length: certificates }, String),
  crls: Array.from({ length: crls }, () => crl),
});

test("each-change-is-kept-with-its-time", () => {
  const holdings = new Holdings();
  holdings.sample([anchor("a", 1, 0)], 1);
  holdings.sample([anchor("a", 1, 1)], 2);
  holdings.sample([anchor("a", 2, 1)], 3);
  expect(holdings.history).toEqual([
    { at: 1, trustAnchorArn: "a", certificates: 1, crls: 0 },
    { at: 2, trustAnchorArn: "a", certificates: 1, crls: 1 },
    { at: 3, trustAnchorArn: "a", certificates: 2, crls: 1 },
  ]);
});

test("what-stays-as-it-is-is-counted-and-not-kept", () => {
  const holdings = new Holdings();
  for (let at = 0; at < 5; at += 1) holdings.sample([anchor("a", 2, 2)], at);
  expect([holdings.samples, holdings.history.length]).toEqual([5, 1]);
});

test("one-anchor-says-nothing-of-another", () => {
  const holdings = new Holdings();
  holdings.sample([anchor("a", 1, 1), anchor("b", 1, 1)], 1);
  holdings.sample([anchor("a", 1, 1), anchor("b", 3, 1)], 2);
  expect(holdings.history.at(-1)).toEqual({ at: 2, trustAnchorArn: "b", certificates: 3, crls: 1 });
  expect(holdings.history).toHaveLength(3);
});
