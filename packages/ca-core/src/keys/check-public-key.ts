import type { KeyObject } from "node:crypto";
import { fieldsOf, oidOf, unsignedOf, wholeOctetsOf } from "../der/fields.ts";
import { contentOf, encodingOf, readDerInside, type DerNode } from "../der/read.ts";
import { TAG } from "../der/tag.ts";
import { DER_NULL } from "../der/write.ts";
import { DerError } from "../errors.ts";
import { equalBytes, plain, sha256Hex } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import type { CheckResult, Violation, ViolationCode } from "../violation.ts";
import { KEY_ALGORITHM_NAMES, KEY_ALGORITHMS, LEAF_KEY_ALGORITHM_NAMES, type LeafKeyAlgorithm } from "./algorithms.ts";
import { canonicalSpki, RSA_EXPONENT } from "./canonical-spki.ts";
import { ed25519Fault } from "./ed25519-weakness.ts";
import { hasClosePrimes, hasRocaFingerprint, smallFactorOf } from "./rsa-weakness.ts";
import { publicKeyObject } from "./signer.ts";

/** A public key that the key policy let pass. */
export interface PublicKey {
  readonly algorithm: LeafKeyAlgorithm;
  /** SubjectPublicKeyInfo, DER, canonical. */
  readonly spki: Uint8Array;
  /** SHA-256 of `spki`, lower-case hex: what block lists and audit lines name a key by. */
  readonly sha256: string;
}

/** With the parsed key, for use inside this package. */
export interface CheckedKey extends PublicKey {
  readonly keyObject: KeyObject;
}

const ACCEPTED = LEAF_KEY_ALGORITHM_NAMES.join(", ");
const CURE = `use one of ${ACCEPTED} (privateKey.algorithm and privateKey.size of a Certificate)`;

/**
 * The key policy for a SubjectPublicKeyInfo that a requester sent: RSA of exactly 2048, 3072 or 4096 bits with
 * e = 65537, odd, without small factors, without the fingerprint of CVE-2017-15361 and without close primes; EC on the
 * named curves P-256 and P-384, uncompressed, on the curve; Ed25519 in its canonical form and not of low order; each in the
 * one canonical encoding. Which of these types a leaf may have is its profile's to say.
 *
 * Not found: a modulus that is itself prime, and the weak keys of Debian's 2008 generator. The first costs a full
 * exponentiation a request and the second a list; both are keys that their owner chose to give away.
 *
 * Runs before the proof of possession is verified: with e = 1 every signature verifies.
 */
export function checkPublicKey(node: DerNode, field: string): CheckResult<CheckedKey> {
  const sha256 = sha256Hex(encodingOf(node));
  const passed = PASSED.get(sha256);
  if (passed !== undefined) return { ok: true, value: { ...passed, spki: plain(encodingOf(node)), sha256 } };
  try {
    const { algorithm, octets } = checkStructure(node);
    const spki = plain(encodingOf(node));
    const keyObject = importCanonical(spki, algorithm, octets);
    rememberPassed(sha256, { algorithm, keyObject });
    return { ok: true, value: { algorithm, spki, sha256, keyObject } };
  } catch (error) {
    if (error instanceof KeyViolation) return { ok: false, violations: [error.at(field)] };
    if (error instanceof DerError) return { ok: false, violations: [{ code: error.code, field, rule: error.message }] };
    throw error;
  }
}

/**
 * The last keys that passed, by the SHA-256 of their bytes, on which alone the answer depends: a leaf's key is checked
 * with the request and again when the leaf is prepared, and the second time then costs a hash instead of 50 microseconds
 * for an EC key and 90 for an RSA key. More than are under way at once, and few enough to weigh nothing.
 */
const PASSED = new Map<string, Pick<CheckedKey, "algorithm" | "keyObject">>();
const MAX_PASSED = 64;

function rememberPassed(sha256: string, key: Pick<CheckedKey, "algorithm" | "keyObject">): void {
  PASSED.set(sha256, key);
  if (PASSED.size <= MAX_PASSED) return;
  const [oldest = sha256] = PASSED.keys(); // in the order in which they were added
  PASSED.delete(oldest);
}

class KeyViolation extends Error {
  readonly code: ViolationCode;
  readonly cure: string | undefined;

  constructor(code: ViolationCode, rule: string, cure?: string) {
    super(rule);
    this.code = code;
    this.cure = cure;
  }

  at(field: string): Violation {
    const violation = { code: this.code, field, rule: this.message };
    return this.cure === undefined ? violation : { ...violation, cure: this.cure };
  }
}

/** The key's type, and its number: the content octets of an RSA modulus, an EC point, the octets of an Ed25519 key. */
interface FoundKey {
  readonly algorithm: LeafKeyAlgorithm;
  readonly octets: Uint8Array;
}

function checkStructure(node: DerNode): FoundKey {
  const spki = fieldsOf(node, TAG.sequence, "SubjectPublicKeyInfo");
  const identifier = fieldsOf(spki.take(TAG.sequence, "algorithm"), TAG.sequence, "algorithm");
  const bits = spki.take(TAG.bitString, "subjectPublicKey");
  spki.end();
  const oid = oidOf(identifier.takeAny("algorithm"), "algorithm");
  if (oid === OID.rsaEncryption) {
    const parameters = identifier.takeAny("parameters");
    identifier.end();
    if (!equalBytes(encodingOf(parameters), DER_NULL)) {
      throw new KeyViolation("ERR_KEY_ENCODING", "the parameters of an RSA key must be NULL (RFC 3279, 2.3.1)");
    }
    return checkRsa(bits);
  }
  if (oid === OID.ecPublicKey) {
    const parameters = identifier.takeAny("parameters");
    identifier.end();
    return checkEc(parameters, bits);
  }
  if (oid === OID.ed25519) {
    identifier.end(); // no parameters (RFC 8410, 3)
    return checkEd25519(bits);
  }
  throw new KeyViolation("ERR_KEY_ALGORITHM", `keys of type ${oid} are not accepted`, CURE);
}

function checkRsa(bits: DerNode): FoundKey {
  wholeOctetsOf(bits, "subjectPublicKey");
  const key = fieldsOf(readDerInside(bits), TAG.sequence, "RSAPublicKey");
  const modulusNode = key.take(TAG.integer, "modulus");
  const exponentNode = key.take(TAG.integer, "publicExponent");
  key.end();
  const modulus = unsignedOf(modulusNode, "modulus");
  const octets = contentOf(modulusNode);
  const bitLength = bitLengthOf(octets);
  const algorithm = KEY_ALGORITHM_NAMES.find((name) => {
    const facts = KEY_ALGORITHMS[name];
    return facts.kind === "RSA" && facts.modulusBits === bitLength;
  });
  if (algorithm === undefined) {
    throw new KeyViolation(
      "ERR_KEY_RSA_SIZE",
      `the key is RSA-${bitLength}`,
      "use 2048, 3072 or 4096: privateKey.size",
    );
  }
  if (unsignedOf(exponentNode, "publicExponent") !== RSA_EXPONENT) {
    throw new KeyViolation("ERR_KEY_RSA_EXPONENT", "the public exponent must be 65537");
  }
  const cure = "make a new key with a current tool";
  if (modulus % 2n === 0n) throw new KeyViolation("ERR_KEY_RSA_EVEN", "the modulus is even", cure);
  const factor = smallFactorOf(modulus);
  if (factor !== undefined) throw new KeyViolation("ERR_KEY_RSA_SMALL_FACTOR", `${factor} divides the modulus`, cure);
  if (hasRocaFingerprint(modulus)) {
    throw new KeyViolation("ERR_KEY_RSA_ROCA", "the key comes from a broken generator (CVE-2017-15361)", cure);
  }
  if (hasClosePrimes(modulus)) {
    throw new KeyViolation("ERR_KEY_RSA_CLOSE_PRIMES", "the primes of the modulus lie too close together", cure);
  }
  return { algorithm, octets };
}

/** Of the non-negative INTEGER with these content octets, which are as few as possible. */
function bitLengthOf(content: Uint8Array): number {
  return content.length * 8 - Math.clz32(content[0] ?? 0) + 24;
}

function checkEc(parameters: DerNode, bits: DerNode): FoundKey {
  if (parameters.tag !== TAG.oid) {
    throw new KeyViolation(
      "ERR_KEY_EC_CURVE",
      "the curve must be given by name, not by parameters (RFC 5480, 2.1.1)",
      CURE,
    );
  }
  const curve = oidOf(parameters, "namedCurve");
  for (const name of KEY_ALGORITHM_NAMES) {
    const facts = KEY_ALGORITHMS[name];
    if (facts.kind !== "EC" || facts.curveOid !== curve) continue;
    const point = wholeOctetsOf(bits, "subjectPublicKey");
    if (point.length !== 1 + 2 * facts.coordinateBytes || point[0] !== 0x04) {
      throw new KeyViolation("ERR_KEY_EC_POINT", "the point must be uncompressed: 04, x, y (RFC 5480, 2.2)");
    }
    return { algorithm: name, octets: point };
  }
  throw new KeyViolation("ERR_KEY_EC_CURVE", `the curve ${curve} is not accepted`, CURE);
}

function checkEd25519(bits: DerNode): FoundKey {
  const octets = wholeOctetsOf(bits, "subjectPublicKey");
  const fault = ed25519Fault(octets);
  if (fault !== undefined) throw new KeyViolation("ERR_KEY_ED25519", fault, "make a new key with a current tool");
  return { algorithm: "Ed25519", octets };
}

/** A second reading, by OpenSSL, which finds points that are off their curve; and the bytes are the canonical ones. */
function importCanonical(spki: Uint8Array, algorithm: LeafKeyAlgorithm, octets: Uint8Array): KeyObject {
  let keyObject: KeyObject;
  try {
    keyObject = publicKeyObject(spki);
  } catch {
    throw KEY_ALGORITHMS[algorithm].kind === "EC"
      ? new KeyViolation("ERR_KEY_EC_POINT", "the point does not lie on its curve")
      : new KeyViolation("ERR_KEY_ENCODING", "the key cannot be read");
  }
  if (!equalBytes(canonicalSpki(algorithm, octets), spki)) {
    throw new KeyViolation("ERR_KEY_ENCODING", "the key is not in its canonical encoding");
  }
  return keyObject;
}
