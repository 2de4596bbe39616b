import { withoutSmallFactor } from "./rsa.ts";

/** A modulus of so many bits that passes every test of the key policy that does not ask for its factors. */
export function plausibleModulus(bits: number): bigint {
  return withoutSmallFactor(2n ** BigInt(bits - 1) + 2n ** BigInt(bits - 9) + 1n, 2n);
}

/** The product of two odd numbers that differ by little, as of a generator that takes the next prime. */
export function closePrimesModulus(): bigint {
  for (let middle = 3n * 2n ** 1022n; ; middle += 2n) {
    const product = (middle - 7n) * (middle + 7n);
    if (withoutSmallFactor(product, 2n) === product) return product;
  }
}

/** A number that is a power of 65537 modulo each of the small primes, as moduli of CVE-2017-15361 are. */
export function rocaModulus(): bigint {
  let primorial = 1n;
  for (let n = 2n; n <= 167n; n += 1n) if (isSmallPrime(n)) primorial *= n;
  let power = 1n;
  for (let i = 0; i < 12_345; i += 1) power = (power * 65537n) % primorial;
  return withoutSmallFactor(power + primorial * (2n ** 2047n / primorial + 1n), primorial);
}

function isSmallPrime(n: bigint): boolean {
  for (let divisor = 2n; divisor * divisor <= n; divisor += 1n) if (n % divisor === 0n) return false;
  return true;
}
