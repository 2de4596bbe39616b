import { generatePrime, type webcrypto } from "node:crypto";

const EXPONENT = 65537n;

type Jwk = webcrypto.JsonWebKey;

/**
 * RSA key pairs that are all different, for measuring and for nothing else: each pair of a few primes makes a key, since
 * 400 keys of their own would take minutes. A modulus shows nothing of this to whoever checks it alone.
 */
export async function rsaKeys(modulusBits: number, count: number): Promise<Jwk[]> {
  const primes: bigint[] = [];
  const keys: Jwk[] = [];
  while (keys.length < count) {
    const q = await newPrime(modulusBits / 2);
    if ((q - 1n) % EXPONENT === 0n) continue;
    keys.push(...primes.map((p) => privateJwk(p, q)).slice(0, count - keys.length));
    primes.push(q);
  }
  return keys;
}

/** With its two highest bits set, so that the product of two has twice as many bits. */
function newPrime(bits: number): Promise<bigint> {
  return new Promise((resolve, reject) => {
    generatePrime(bits, { bigint: true }, (error, prime) => {
      // Not null, as its type says, but undefined when all went well.
      if (error) reject(error);
      else resolve(prime);
    });
  });
}

function privateJwk(p: bigint, q: bigint): Jwk {
  const d = inverse(EXPONENT, (p - 1n) * (q - 1n));
  return {
    kty: "RSA",
    n: base64url(p * q),
    e: base64url(EXPONENT),
    d: base64url(d),
    p: base64url(p),
    q: base64url(q),
    dp: base64url(d % (p - 1n)),
    dq: base64url(d % (q - 1n)),
    qi: base64url(inverse(q, p)),
  };
}

/** By the extended Euclidean algorithm. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r, nextR] = [modulus, value % modulus];
  let [t, nextT] = [0n, 1n];
  while (nextR !== 0n) {
    const quotient = r / nextR;
    [r, nextR] = [nextR, r - quotient * nextR];
    [t, nextT] = [nextT, t - quotient * nextT];
  }
  return t < 0n ? t + modulus : t;
}

function base64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").toString("base64url");
}
