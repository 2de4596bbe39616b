import { createHash, generatePrimeSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { checkCertificationRequest, checkModulusIsComposite, type PublicKey } from "../../src/index.ts";
import { LEAF_KEY_ALGORITHM_NAMES, SIGNATURE_ALGORITHM_DER } from "../../src/keys/algorithms.ts";
import { hex } from "../support/bytes.ts";
import { longestBlockMs } from "../support/event-loop.ts";
import { newKeyPair } from "../support/key-pair.ts";
import { honestRequest, requestPem } from "../support/request.ts";
import { octetsOf, rsaSpki } from "../support/rsa.ts";

const EXPONENT = 65_537n;

function publicKeyOf(pem: string): PublicKey {
  const checked = checkCertificationRequest(pem);
  if (!checked.ok) throw new Error(`refused: ${checked.violations[0].code}`);
  return checked.value.publicKey;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === "1") result = (result * base) % modulus;
  }
  return result;
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
  while (a > 1n) [a, b, x, y] = [b % a, a, y - (b / a) * x, x];
  return ((x % modulus) + modulus) % modulus;
}

/** A request whose modulus is this prime, signed by whoever knows no more than the public key. */
function requestByPrime(prime: bigint): string {
  const privateExponent = inverse(EXPONENT, prime - 1n);
  return requestPem({
    spki: rsaSpki(prime),
    signatureAlgorithm: SIGNATURE_ALGORITHM_DER.RSA.sha256,
    signature: (info) => {
      const digest = createHash("sha256").update(info).digest();
      const digestInfo = Buffer.concat([hex("3031300d060960864801650304020105000420"), digest]);
      const padded = Buffer.concat([hex("0001"), Buffer.alloc(253 - digestInfo.length, 0xff), hex("00"), digestInfo]);
      const signature = octetsOf(power(BigInt(`0x${padded.toString("hex")}`), privateExponent, prime));
      return Buffer.concat([Buffer.alloc(256 - signature.length), signature]);
    },
  });
}

describe("K03 a prime modulus", () => {
  const prime = generatePrimeSync(2048, { bigint: true });

  test("passes the synchronous check with a valid proof of possession, and is refused by a check of its own", async () => {
    const publicKey = publicKeyOf(requestByPrime(prime));
    const checked = await checkModulusIsComposite(publicKey);
    expect(checked.ok ? [] : checked.violations.map(({ code }) => code)).toEqual(["ERR_KEY_RSA_PRIME"]);
  });

  test("is found without blocking the event loop", async () => {
    const publicKey = publicKeyOf(requestByPrime(prime));
    expect(await longestBlockMs(() => checkModulusIsComposite(publicKey))).toBeLessThan(50);
  });
});

test.each(LEAF_KEY_ALGORITHM_NAMES)("an honest key of type %s passes", async (name) => {
  const publicKey = publicKeyOf(honestRequest(newKeyPair(name).privateKey));
  expect(await checkModulusIsComposite(publicKey)).toEqual({ ok: true, value: publicKey });
});
