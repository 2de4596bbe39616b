import { describe, expect, test } from "vitest";
import {
  forecastCrlSize,
  MAX_CRL_CHARACTERS,
  parseCrlNumber,
  REVOCATION_REASONS,
  type KeyAlgorithm,
  type RevocationReason,
} from "../../src/index.ts";
import { authority, DAY } from "../support/authority.ts";
import { manyEntries, newCrl } from "../support/crl.ts";
import { largeTest, ROOT_ALGORITHMS } from "../support/large-test.ts";

const REASONS = Object.keys(REVOCATION_REASONS) as RevocationReason[];
const LARGEST_NUMBER = parseCrlNumber(String(2n ** 159n - 1n));

describe.each(ROOT_ALGORITHMS)("of a root of type %s", (algorithm) => {
  test("the forecast is the size of a CRL with the longest dates and number, but for what an ECDSA signature spares", async () => {
    const now = new Date("2060-01-01T00:00:00Z");
    const ca = await authority(algorithm, 1, now);
    for (const count of [0, 1, 3, 200]) {
      for (const reason of REASONS) {
        const entries = manyEntries(count, reason).map((one) => ({ ...one, revokedAt: now }));
        const plan = { number: LARGEST_NUMBER, thisUpdate: now, nextUpdate: new Date(now.getTime() + DAY) };
        const { pem, signature } = await newCrl(ca, entries, plan);
        const withReason = reason === "unspecified" ? 0 : count;
        const { characters, fill } = forecastCrlSize({ root: ca.root, entries: count, withReason });
        const spared = algorithm.startsWith("RSA") ? 0 : charactersOf(longestSignature(algorithm) - signature.length);
        expect({ count, reason, spare: characters - pem.length <= spared }).toEqual({ count, reason, spare: true });
        expect(characters).toBeGreaterThanOrEqual(pem.length);
        expect(fill).toBe(characters / MAX_CRL_CHARACTERS);
      }
    }
  });

  test("it is never below an ordinary CRL, nor more than 64 characters above", async () => {
    const ca = await authority(algorithm);
    for (const [count, withReason] of [
      [0, 0],
      [1, 0],
      [1, 1],
      [100, 50],
      [1_000, 1_000],
    ] as const) {
      const entries = manyEntries(count).map((one, i) =>
        i < withReason ? { ...one, reason: "superseded" as const } : one,
      );
      const { pem } = await newCrl(ca, entries);
      const { characters } = forecastCrlSize({ root: ca.root, entries: count, withReason });
      expect(characters).toBeGreaterThanOrEqual(pem.length);
      expect(characters - pem.length).toBeLessThanOrEqual(64);
    }
  });
});

test("it counts on revocations after 2049 as soon as the root lives until then", async () => {
  const charactersUntil = async (notAfter: string): Promise<number> => {
    const now = new Date("2049-06-01T00:00:00Z");
    const { root } = await authority("ECDSA-P256", 1, now, { notAfter: new Date(notAfter) });
    return forecastCrlSize({ root, entries: 300, withReason: 0 }).characters;
  };
  const before = await charactersUntil("2049-12-31T23:59:59Z");
  expect((await charactersUntil("2050-01-01T00:00:00Z")) - before).toBeGreaterThanOrEqual(800); // 600 octets
});

const longestSignature = (algorithm: KeyAlgorithm): number => (algorithm === "ECDSA-P256" ? 72 : 104);
/** At most: base64, a started group of three octets, and a newline. */
const charactersOf = (octets: number): number => (octets === 0 ? 0 : Math.ceil(octets / 3) * 4 + 5);

describe("V02 6,000 serials at once", () => {
  largeTest("with a reason are forecast to be too many for AWS, which the encoded CRL bears out", async () => {
    const ca = await authority();
    const { fill } = forecastCrlSize({ root: ca.root, entries: 6_000, withReason: 6_000 });
    expect(fill).toBeGreaterThan(1.3);
    expect((await newCrl(ca, manyEntries(6_000, "keyCompromise"))).pem.length).toBeGreaterThan(
      1.3 * MAX_CRL_CHARACTERS,
    );
  });

  test("without one would fit; about 6,300 do, and about 4,500 with one", async () => {
    const { root } = await authority();
    const fits = (entries: number, withReason: number): boolean =>
      forecastCrlSize({ root, entries, withReason }).fill <= 1;
    expect([fits(6_000, 0), fits(6_200, 0), fits(6_500, 0), fits(4_400, 4_400), fits(4_700, 4_700)]).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
  });

  largeTest("the last that fits by forecast fits, and one more does not", async () => {
    const { root } = await authority("RSA-2048");
    const ca = await authority("RSA-2048");
    let most = 0;
    while (forecastCrlSize({ root, entries: most + 1, withReason: most + 1 }).fill <= 1) most += 1;
    const plan = { number: LARGEST_NUMBER };
    expect((await newCrl(ca, manyEntries(most, "superseded"), plan)).pem.length).toBeLessThanOrEqual(
      MAX_CRL_CHARACTERS,
    );
    expect((await newCrl(ca, manyEntries(most + 1, "superseded"), plan)).pem.length).toBeGreaterThan(
      MAX_CRL_CHARACTERS,
    );
  });
});
