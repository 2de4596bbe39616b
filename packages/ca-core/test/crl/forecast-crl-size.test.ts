import { beforeAll, describe, expect, test } from "vitest";
import { forecastCrlSize, MAX_CRL_CHARACTERS } from "../../src/index.ts";
import { authority, type Authority } from "../support/authority.ts";
import { manyEntries, newCrl } from "../support/crl.ts";

let ca: Authority;

beforeAll(async () => {
  ca = await authority();
});

describe("forecastCrlSize", () => {
  test.each([
    [0, 0],
    [1, 1],
    [100, 50],
    [4_000, 4_000],
    [6_000, 0],
  ])("is an upper bound that is close: %d entries, %d with a reason", async (entries, withReason) => {
    const all = manyEntries(entries).map((one, i) =>
      i < withReason ? { ...one, reason: "superseded" as const } : one,
    );
    const { pem } = await newCrl(ca, all);
    const { characters, fill } = forecastCrlSize({ root: ca.root, entries, withReason });
    expect(characters).toBeGreaterThanOrEqual(pem.length);
    expect(characters - pem.length).toBeLessThan(400);
    expect(fill).toBe(characters / MAX_CRL_CHARACTERS);
  });

  test("says that about 6,300 entries fit without reasons, and about 4,500 with", () => {
    const fits = (entries: number, withReason: number): boolean =>
      forecastCrlSize({ root: ca.root, entries, withReason }).fill <= 1;
    expect([fits(6_200, 0), fits(6_500, 0), fits(4_400, 4_400), fits(4_700, 4_700)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});
