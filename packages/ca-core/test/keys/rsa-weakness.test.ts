import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasClosePrimes, hasRocaFingerprint, integerSquareRoot, smallFactorOf } from "../../src/keys/rsa-weakness.ts";

// Each rule is held to the plainest way of saying it, which is too slow to run for every request.

const primesFrom3 = (end: number): number[] =>
  Array.from({ length: end - 3 }, (_, i) => i + 3).filter((n) => {
    for (let divisor = 2; divisor * divisor <= n; divisor += 1) if (n % divisor === 0) return false;
    return true;
  });
const PRIMES = primesFrom3(752);

/** Of 1 to 4,096 bits, short and long ones alike. */
const anyNumber = fc.integer({ min: 1, max: 4096 }).chain((bits) => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) }));
const anyModulus = fc.bigInt({ min: 2n ** 2047n, max: 2n ** 2048n - 1n }).map((n) => n | 1n);

describe("integerSquareRoot", () => {
  const isRoot = (n: bigint): boolean => {
    const root = integerSquareRoot(n);
    return root * root <= n && (root + 1n) * (root + 1n) > n;
  };

  test("is the largest integer whose square is at most n, for every n below 100,000", () => {
    for (let n = 0n; n < 100_000n; n += 1n) if (!isRoot(n)) expect.fail(String(n));
  });

  test("is so for numbers of any length, squares and their neighbours", () => {
    fc.assert(
      fc.property(anyNumber, (n) => {
        const square = n * n;
        expect([n, square, square + 1n, square + 2n * n].every(isRoot)).toBe(true);
        if (n > 0n) expect(isRoot(square - 1n)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("smallFactorOf", () => {
  const naive = (n: bigint): number | undefined => PRIMES.find((prime) => n % BigInt(prime) === 0n);

  test("finds each odd prime below 752 in a product, squared and alone", () => {
    const cofactor = 2n ** 61n - 1n; // a prime
    const found = PRIMES.map((prime) =>
      [BigInt(prime) * cofactor, BigInt(prime) ** 2n, BigInt(prime)].map(smallFactorOf),
    );
    expect(found).toEqual(PRIMES.map((prime) => [prime, prime, prime]));
  });

  test("finds none where trial division finds none, and the same one where it finds one", () => {
    fc.assert(
      fc.property(fc.oneof(anyNumber, anyModulus), (n) => {
        expect(smallFactorOf(n)).toBe(naive(n));
      }),
      { numRuns: 300 },
    );
    expect(smallFactorOf(757n * 761n)).toBeUndefined();
    expect(smallFactorOf(1n)).toBeUndefined();
  });
});

describe("hasRocaFingerprint", () => {
  const rocaPrimes = PRIMES.filter((prime) => prime <= 167).map(BigInt);
  const primorial = rocaPrimes.reduce((product, prime) => product * prime, 1n);
  const naive = (n: bigint): boolean =>
    rocaPrimes.every((prime) => {
      for (let i = 0n, power = 1n; i < prime; i += 1n, power = (power * 65537n) % prime) {
        if (n % prime === power) return true;
      }
      return false;
    });
  const fingerprinted = fc
    .tuple(fc.nat({ max: 2000 }), fc.bigInt({ min: 2n ** 1800n, max: 2n ** 1830n }))
    .map(([exponent, k]) => {
      let power = 1n;
      for (let i = 0; i < exponent; i += 1) power = (power * 65537n) % primorial;
      return k * primorial + power;
    });

  test("says of numbers with it, near it and without it what the definition says", () => {
    fc.assert(
      fc.property(fingerprinted, fc.constantFrom(...rocaPrimes), (n, prime) => {
        expect(hasRocaFingerprint(n)).toBe(true);
        expect(naive(n)).toBe(true);
        // Differs from n modulo one prime alone, which then decides.
        const near = n + primorial / prime;
        expect(hasRocaFingerprint(near)).toBe(naive(near));
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(anyModulus, (n) => {
        expect(hasRocaFingerprint(n)).toBe(naive(n));
      }),
    );
  });
});

describe("hasClosePrimes", () => {
  /** Fermat's method as it is written in a textbook. */
  const naive = (n: bigint): boolean => {
    let a = integerSquareRoot(n);
    if (a * a < n) a += 1n;
    for (let round = 0; round < 110; round += 1, a += 1n) {
      const rest = a * a - n;
      if (integerSquareRoot(rest) ** 2n === rest) return true;
    }
    return false;
  };
  /** A product that Fermat's method takes apart in just this round, the first being 0. */
  const factoredInRound = (a: bigint, round: bigint): bigint => {
    const b = integerSquareRoot(a * (2n * round + 1n));
    return (a - b) * (a + b);
  };
  const anyA = fc.bigInt({ min: 2n ** 1023n, max: 2n ** 1024n });

  test("says of products that are found early, late, just not, and never what the textbook says", () => {
    const found = { yes: 0, no: 0 };
    fc.assert(
      fc.property(anyA, fc.bigInt({ min: 0n, max: 220n }), (a, round) => {
        const n = factoredInRound(a, round);
        expect(hasClosePrimes(n)).toBe(naive(n));
        found[naive(n) ? "yes" : "no"] += 1;
      }),
      { numRuns: 300 },
    );
    expect(Math.min(found.yes, found.no)).toBeGreaterThan(50);
  });

  test("looks at the 110th a from the square root upwards, and not at the 111th", () => {
    const a = 2n ** 1023n + 12_345n;
    const roundOf = (n: bigint): bigint => a - (integerSquareRoot(n - 1n) + 1n);
    expect(roundOf(factoredInRound(a, 109n))).toBe(109n);
    expect(hasClosePrimes(factoredInRound(a, 109n))).toBe(true);
    expect(roundOf(factoredInRound(a, 110n))).toBe(110n);
    expect(hasClosePrimes(factoredInRound(a, 110n))).toBe(false);
  });

  test("finds a square, whose primes are the same", () => {
    fc.assert(
      fc.property(anyA, (a) => {
        expect(hasClosePrimes((a | 1n) ** 2n)).toBe(true);
      }),
    );
  });

  test("says of random moduli what the textbook says", () => {
    fc.assert(
      fc.property(anyModulus, (n) => {
        expect(hasClosePrimes(n)).toBe(naive(n));
      }),
    );
  });
});
