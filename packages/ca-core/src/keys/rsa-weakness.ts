/** The primes below 752: no honest key has one as a factor (the bound that Boulder's key policy uses). */
const ODD_SMALL_PRIMES: readonly number[] = primesBelow(752).slice(1);

/** Primes whose residues give away keys of the broken Infineon library (CVE-2017-15361): the odd ones up to 167. */
const ROCA_PRIMES = ODD_SMALL_PRIMES.filter((prime) => prime <= 167);

/** Primes whose product is below 2^31: one division of a bigint gives the residue from which all of theirs follow. */
interface PrimeGroup {
  readonly product: bigint;
  readonly primes: readonly number[];
}

const SMALL_GROUPS = groupsOf(ODD_SMALL_PRIMES);
const ROCA_GROUPS = groupsOf(ROCA_PRIMES);
const PRODUCT_OF_ODD_SMALL_PRIMES: bigint = SMALL_GROUPS.reduce((product, group) => product * group.product, 1n);

/** An odd prime below 752 that divides n, if there is one. */
export function smallFactorOf(n: bigint): number | undefined {
  const rest = n % PRODUCT_OF_ODD_SMALL_PRIMES;
  for (const { product, primes } of SMALL_GROUPS) {
    const residue = Number(rest % product);
    const factor = primes.find((prime) => residue % prime === 0);
    if (factor !== undefined) return factor;
  }
  return undefined;
}

/**
 * Whether n bears the fingerprint of CVE-2017-15361: its primes had the form k * M + (65537^a mod M), so n is a power of
 * 65537 modulo every small prime. A random modulus passes for one with a chance of about 2^-27.
 */
export function hasRocaFingerprint(n: bigint): boolean {
  return ROCA_GROUPS.every(({ product, primes }) => {
    const residue = Number(n % product);
    return primes.every((prime) => POWERS_OF_65537.get(prime)?.has(residue % prime));
  });
}

const POWERS_OF_65537: ReadonlyMap<number, ReadonlySet<number>> = new Map(
  ROCA_PRIMES.map((prime) => {
    const generator = 65537 % prime;
    const powers = new Set<number>();
    for (let power = 1; !powers.has(power); power = (power * generator) % prime) powers.add(power);
    return [prime, powers];
  }),
);

const FERMAT_ROUNDS = 110;

/**
 * Whether Fermat's method finds the factors of the odd number n within 110 rounds: its primes lie too close together.
 * From the square root of n upwards it looks for an a whose a^2 - n is a square, b^2: then n = (a - b)(a + b).
 *
 * Whether a^2 - n can be a square is seen first in small residues, which are carried from round to round as numbers: of
 * 110 rounds with bigints, which took 80 microseconds a key, one in twenty keys has a single one left.
 */
export function hasClosePrimes(n: bigint): boolean {
  const root = integerSquareRoot(n);
  const first = root * root === n ? root : root + 1n;
  const sieves = SQUARE_SIEVES.map((sieve) => ({
    ...sieve,
    a: Number(first % BigInt(sieve.modulus)),
    n: Number(n % BigInt(sieve.modulus)),
  }));
  for (let round = 0; round < FERMAT_ROUNDS; round += 1) {
    const canBeSquare = sieves.every(({ modulus, isSquare, a, n }) => {
      const residue = (a + round) % modulus;
      return isSquare[(residue * residue - n + modulus * modulus) % modulus] === 1;
    });
    if (!canBeSquare) continue;
    const a = first + BigInt(round);
    const rest = a * a - n;
    if (integerSquareRoot(rest) ** 2n === rest) return true;
  }
  return false;
}

/** Moduli that leave few residues to squares: 3.8, 8.2 and 13.9 in a hundred. */
const SQUARE_SIEVES: readonly { readonly modulus: number; readonly isSquare: Uint8Array }[] = [
  16 * 9 * 5 * 7,
  11 * 13 * 17 * 19,
  23 * 29 * 31,
].map((modulus) => {
  const isSquare = new Uint8Array(modulus);
  for (let i = 0; i < modulus; i += 1) isSquare[(i * i) % modulus] = 1;
  return { modulus, isSquare };
});

/**
 * The largest integer whose square is at most n. Each step doubles the number of correct bits with one division, so that
 * all but the last are of short numbers: less than half of the time that Newton's method takes at full length.
 */
export function integerSquareRoot(n: bigint): bigint {
  const root = nearSquareRoot(n, bitLengthOf(n));
  return root * root > n ? root - 1n : root;
}

/** The square root of a number of so many bits, off by less than one. */
function nearSquareRoot(n: bigint, bits: number): bigint {
  if (bits <= 50) return BigInt(Math.floor(Math.sqrt(Number(n))));
  const quarter = BigInt((bits - 1) >> 2);
  const high = nearSquareRoot(n >> (2n * quarter), bits - 2 * Number(quarter));
  return (high << (quarter - 1n)) + (n >> (quarter + 1n)) / high;
}

function bitLengthOf(n: bigint): number {
  const hex = n.toString(16);
  return 4 * hex.length - Math.clz32(Number.parseInt(hex.slice(0, 1), 16)) + 28;
}

function groupsOf(primes: readonly number[]): PrimeGroup[] {
  const groups: { product: number; primes: number[] }[] = [];
  for (const prime of primes) {
    const group = groups.at(-1);
    if (group === undefined || group.product * prime >= 2 ** 31) groups.push({ product: prime, primes: [prime] });
    else {
      group.product *= prime;
      group.primes.push(prime);
    }
  }
  return groups.map((group) => ({ product: BigInt(group.product), primes: group.primes }));
}

function primesBelow(bound: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; candidate < bound; candidate += 1) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}
