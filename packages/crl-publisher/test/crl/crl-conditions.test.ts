import { describe, expect, test } from "vitest";
import type { CrlCapacity } from "../../src/crl/crl-capacity.ts";
import { crlConditions, type CrlOfGeneration, staleAfterMs } from "../../src/crl/crl-conditions.ts";
import { after, now } from "../support/objects.ts";

const room: CrlCapacity = { characters: 30_000, entries: 500, fill: 0.1, reasons: "Listed", waiting: 0 };

function crl(change: Partial<CrlOfGeneration> & { readonly ageMs?: number } = {}): CrlOfGeneration {
  return {
    generation: 1,
    crl: { number: 7n, thisUpdate: after(-(change.ageMs ?? 0)) },
    capacity: room,
    ...change,
  };
}

function said(type: string, ...crls: readonly CrlOfGeneration[]): string {
  const found = crlConditions(crls, now.getTime()).find((one) => one.type === type);
  return found === undefined ? "" : `${found.status} ${found.reason}: ${found.message}`;
}

describe("CRLCurrent is", () => {
  test("true-of-each-generation-with-its-number", () => {
    expect(said("CRLCurrent", crl(), crl({ generation: 2, crl: { number: 8n, thisUpdate: now } }))).toBe(
      "True Signed: CRL 7 says what the ledger says; CRL 8 says what the ledger says",
    );
  });

  test.each<[fact: string, ageMs: number, expected: RegExp]>([
    ["true-at-two-hours", staleAfterMs, /^True Signed/],
    ["false-after-two-hours", staleAfterMs + 1, /^False Stale: the CRL of generation 1 is of 2026-11-22T00:59:59/],
  ])("%s", (_fact, ageMs, expected) => {
    expect(said("CRLCurrent", crl({ ageMs }))).toMatch(expected);
  });

  test("false-when-one-of-two-is-old", () => {
    const old = { number: 8n, thisUpdate: after(-2 * staleAfterMs) };
    expect(said("CRLCurrent", crl(), crl({ generation: 2, crl: old }))).toMatch(/^False Stale: .* generation 2 /);
  });

  test("true-of-a-generation-without-a-key-however-old-its-last-one-is", () => {
    expect(said("CRLCurrent", crl({ ageMs: 9 * staleAfterMs, capacity: undefined }))).toMatch(/^True/);
  });
});

describe("CRLCapacity is", () => {
  test.each<[fact: string, change: Partial<CrlCapacity>, expected: RegExp]>([
    ["true-with-room", {}, /^True HasRoom: the CRL of generation 1 is 10 percent full \(500 entries\)$/],
    ["true-below-60-percent", { fill: 0.599 }, /^True HasRoom/],
    ["false-at-60-percent", { fill: 0.6 }, /^False Filling: .* 60 percent full .*80 percent/],
    ["false-without-reasons", { fill: 0.58, reasons: "LeftOut" }, /^False ReasonsLeftOut: .*rotate/],
    ["false-below-95-percent-with-reasons-left-out", { fill: 0.949, reasons: "LeftOut" }, /^False ReasonsLeftOut/],
    ["false-and-full-at-95-percent", { fill: 0.95, reasons: "LeftOut" }, /^False Full: .*spec\.target\.generation/],
    [
      "false-and-full-while-leaves-wait",
      { fill: 0.94, waiting: 3 },
      /^False Full: .*3 revoked certificates wait for room/,
    ],
  ])("%s", (_fact, change, expected) => {
    expect(said("CRLCapacity", crl({ capacity: { ...room, ...change } }))).toMatch(expected);
  });

  test("that-of-the-fullest-generation", () => {
    const fuller = crl({ generation: 2, capacity: { ...room, fill: 0.97 } });
    expect(said("CRLCapacity", crl(), fuller)).toMatch(/^False Full: the CRL of generation 2 /);
    expect(said("CRLCapacity", fuller, crl())).toBe(said("CRLCapacity", crl(), fuller));
  });

  test("true-when-nothing-is-known", () => {
    expect(said("CRLCapacity")).toBe("True HasRoom: ");
  });
});
