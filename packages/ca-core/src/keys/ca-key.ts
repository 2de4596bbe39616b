import { createPrivateKey, createPublicKey, generateKeyPair, sign, type KeyObject } from "node:crypto";
import { CaError } from "../errors.ts";
import { readDer } from "../der/read.ts";
import { decodePem } from "../der/pem.ts";
import { plain } from "../lib/bytes.ts";
import { isCaKeyAlgorithm, KEY_ALGORITHMS, type KeyAlgorithm } from "./algorithms.ts";
import { checkPublicKey } from "./check-public-key.ts";
import type { Signer } from "./signer.ts";

/** A CA key held in this process. Printing, spreading or serialising it shows no private part. */
export interface CaKey extends Signer {
  readonly kind: "software";
}

/** Signs in less time than it takes to hand the work to the thread pool and to be woken when it is done. */
const QUICKEST: KeyAlgorithm = "ECDSA-P256";

const PRIVATE_KEYS = new WeakMap<CaKey, KeyObject>();

/**
 * Makes a new key with OpenSSL's generator, off the event loop.
 *
 * @example
 * (await generateCaKey("ECDSA-P256")).algorithm // "ECDSA-P256"
 */
export async function generateCaKey(algorithm: KeyAlgorithm): Promise<CaKey> {
  const facts = KEY_ALGORITHMS[algorithm];
  const privateKey = await new Promise<KeyObject>((resolve, reject) => {
    const done = (error: Error | null, _publicKey: KeyObject, key: KeyObject): void => {
      if (error === null) resolve(key);
      else reject(error);
    };
    if (facts.kind === "RSA") {
      generateKeyPair("rsa", { modulusLength: facts.modulusBits, publicExponent: 65537 }, done);
    } else {
      generateKeyPair("ec", { namedCurve: facts.namedCurve }, done);
    }
  });
  return caKeyOf(privateKey);
}

/**
 * Reads a key from one unencrypted PKCS#8 block ("PRIVATE KEY"). Its public half is held to the key policy.
 * @throws CaError ERR_CA_KEY, whose message says nothing about the key
 *
 * @example
 * const stored = exportUnencryptedPrivateKey(await generateCaKey("ECDSA-P256"));
 * importCaKey(stored).algorithm // "ECDSA-P256"
 */
export function importCaKey(pkcs8Pem: string | Uint8Array): CaKey {
  let privateKey: KeyObject;
  try {
    const { der } = decodePem(pkcs8Pem, { labels: ["PRIVATE KEY"], maxBytes: 16_384 });
    privateKey = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  } catch {
    // The cause is left out: parsers quote what they could not read.
    throw new CaError("ERR_CA_KEY", "the CA key is not one PKCS#8 PEM block that can be read");
  }
  return caKeyOf(privateKey);
}

/**
 * The private key in the clear, PKCS#8 PEM: for the store that keeps it, and for nothing else. Never log, return to a
 * client, or put it where a tenant can read.
 *
 * @example
 * const key = await generateCaKey("ECDSA-P256");
 * const secret = { "tls.key": exportUnencryptedPrivateKey(key), "tls.crt": root.pem };
 */
export function exportUnencryptedPrivateKey(key: CaKey): string {
  const privateKey = PRIVATE_KEYS.get(key);
  if (privateKey === undefined) throw new TypeError("not a CaKey of this package");
  return privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

function caKeyOf(privateKey: KeyObject): CaKey {
  const spki = plain(createPublicKey(privateKey).export({ format: "der", type: "spki" }));
  const checked = checkPublicKey(readDer(spki), "CA key");
  if (!checked.ok) throw new CaError("ERR_CA_KEY", `the CA key is refused: ${checked.violations[0].rule}`);
  const { algorithm } = checked.value;
  if (!isCaKeyAlgorithm(algorithm)) throw new CaError("ERR_CA_KEY", `a CA key cannot be of type ${algorithm}`);
  const key: CaKey = {
    kind: "software",
    algorithm,
    publicKeySpki: spki,
    // The message, not its digest: node:crypto has no way to sign a digest off the event loop.
    sign: async ({ hash, message }) =>
      algorithm === QUICKEST
        ? plain(sign(hash, message, privateKey))
        : new Promise((resolve, reject) => {
            sign(hash, message, privateKey, (error, signature) => {
              if (error === null) resolve(plain(signature));
              else reject(error);
            });
          }),
  };
  PRIVATE_KEYS.set(key, privateKey);
  return Object.freeze(key);
}
