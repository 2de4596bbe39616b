/** The primes below 752: no honest key has one as a factor (the bound that Boulder's key policy uses). */
const SMALL_PRIMES: readonly number[] = primesBelow(752);
/** Primes whose residues give away keys of the broken Infineon library (CVE-2017-15361): the odd ones up to 167. */
const ROCA_PRIMES = SMALL_PRIMES.filter((prime) => prime > 2 && prime <= 167);
const PRODUCT_OF_ODD_PRIMES: bigint = SMALL_PRIMES.filter((prime) => prime > 2).reduce(
  (product, p) => product * BigInt(p),
  1n,
);
const FERMAT_ROUNDS = 110;

/** An odd prime below 752 that divides n, if there is one. */
export function smallFactorOf(n: bigint): number | undefined {
  const residue = n % PRODUCT_OF_ODD_PRIMES;
  return SMALL_PRIMES.find((prime) => prime > 2 && residue % BigInt(prime) === 0n);
}

/**
 * Whether n bears the fingerprint of CVE-2017-15361: its primes had the form k * M + (65537^a mod M), so n is a power of
 * 65537 modulo every small prime. A random modulus passes for one with a chance of about 2^-27.
 */
export function hasRocaFingerprint(n: bigint): boolean {
  const residue = n % PRODUCT_OF_ODD_PRIMES;
  return ROCA_PRIMES.every((prime, index) => ROCA_RESIDUES[index]?.has(Number(residue % BigInt(prime))));
}

const ROCA_RESIDUES: readonly ReadonlySet<number>[] = ROCA_PRIMES.map((prime) => {
  const generator = 65537 % prime;
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * generator) % prime) powers.add(power);
  return powers;
});

/** Whether Fermat's method finds the factors of the odd number n within 110 rounds: its primes lie too close together. */
export function hasClosePrimes(n: bigint): boolean {
  let a = integerSquareRoot(n);
  if (a * a < n) a += 1n;
  let rest = a * a - n;
  for (let round = 0; round < FERMAT_ROUNDS; round += 1) {
    if (isSquare(rest)) return true;
    rest += 2n * a + 1n;
    a += 1n;
  }
  return false;
}

/** Squares leave few residues modulo 5040: this spares most square roots. */
const FILTER = 5040;
const SQUARE_RESIDUES: ReadonlySet<number> = new Set(Array.from({ length: FILTER }, (_, i) => (i * i) % FILTER));

function isSquare(n: bigint): boolean {
  if (!SQUARE_RESIDUES.has(Number(n % BigInt(FILTER)))) return false;
  const root = integerSquareRoot(n);
  return root * root === n;
}

/** Newton's method from above. */
function integerSquareRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let root = 1n << BigInt(Math.ceil(n.toString(16).length * 2));
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function primesBelow(bound: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; candidate < bound; candidate += 1) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}
