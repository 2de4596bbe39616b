import { checkPrime } from "node:crypto";
import { fieldsOf, unsignedOf } from "../der/fields.ts";
import { readDer, readDerInside } from "../der/read.ts";
import { TAG } from "../der/tag.ts";
import type { CheckResult } from "../violation.ts";
import { KEY_ALGORITHMS } from "./algorithms.ts";
import type { PublicKey } from "./check-public-key.ts";

/**
 * Refuses an RSA key whose modulus is itself a prime: its private exponent is the inverse of e modulo n - 1, so anybody
 * who sees the key can sign with it. Keys of other kinds pass.
 *
 * Not a part of `checkCertificationRequest`, which is synchronous: Miller and Rabin's test costs a full exponentiation
 * (measured: 5 ms for 2048 bits, 32 ms for 4096, 250 ms for a prime), many times the rest of the check,
 * for keys that nobody makes by accident. OpenSSL does it on the thread pool. A composite number passes for a prime with
 * a chance below 2^-128.
 *
 * @example
 * const composite = await checkModulusIsComposite(request.publicKey);
 * if (!composite.ok) return formatViolations(composite.violations);
 */
export async function checkModulusIsComposite(publicKey: PublicKey): Promise<CheckResult<PublicKey>> {
  if (KEY_ALGORITHMS[publicKey.algorithm].kind !== "RSA") return { ok: true, value: publicKey };
  if (!(await isPrime(modulusOf(publicKey.spki)))) return { ok: true, value: publicKey };
  const violation = {
    code: "ERR_KEY_RSA_PRIME",
    field: "spec.request: public key",
    rule: "the modulus is a prime: anybody who sees the key can sign with it",
    cure: "make a new key with a current tool",
  } as const;
  return { ok: false, violations: [violation] };
}

function isPrime(candidate: bigint): Promise<boolean> {
  return new Promise((resolve, reject) => {
    checkPrime(candidate, (error, result) => {
      // Without an error it is undefined, whatever the types say.
      if (error instanceof Error) reject(error);
      else resolve(result);
    });
  });
}

/** The key has been checked: it is an RSAPublicKey (RFC 8017, A.1.1). */
function modulusOf(spki: Uint8Array): bigint {
  const outer = fieldsOf(readDer(spki), TAG.sequence, "SubjectPublicKeyInfo");
  outer.take(TAG.sequence, "algorithm");
  const key = fieldsOf(readDerInside(outer.take(TAG.bitString, "subjectPublicKey")), TAG.sequence, "RSAPublicKey");
  return unsignedOf(key.take(TAG.integer, "modulus"), "modulus");
}
