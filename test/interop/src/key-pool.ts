import { generateKeyPair, generateKeyPairSync, type KeyObject } from "node:crypto";
import {
  generateCaKey,
  KEY_ALGORITHM_NAMES,
  LEAF_KEY_ALGORITHM_NAMES,
  type CaKey,
  type KeyAlgorithm,
  type LeafKeyAlgorithm,
} from "@capstan/ca-core";

/** Keys for all specimens. RSA keys take seconds to make, so leaves share a few; every other leaf has its own. */
export interface KeyPool {
  readonly caKey: (algorithm: KeyAlgorithm) => CaKey;
  /** A private key of this type; `turn` counts the leaves. */
  readonly leafKey: (algorithm: LeafKeyAlgorithm, turn: number) => KeyObject;
}

const RSA_BITS: { readonly [algorithm in LeafKeyAlgorithm]?: number } = {
  "RSA-2048": 2048,
  "RSA-3072": 3072,
  "RSA-4096": 4096,
};
/** How many of each; the odd one is so that leaves of one root do not always have the same. */
const SHARED_KEYS: { readonly [algorithm in LeafKeyAlgorithm]?: number } = {
  "RSA-2048": 3,
  "RSA-3072": 2,
  "RSA-4096": 1,
};

const CURVES: { readonly [algorithm in LeafKeyAlgorithm]?: string } = {
  "ECDSA-P256": "prime256v1",
  "ECDSA-P384": "secp384r1",
};

export async function makeKeyPool(): Promise<KeyPool> {
  const caKeys = new Map<KeyAlgorithm, CaKey>();
  const rsaKeys = new Map<LeafKeyAlgorithm, readonly KeyObject[]>();
  await Promise.all([
    ...KEY_ALGORITHM_NAMES.map(async (algorithm) => caKeys.set(algorithm, await generateCaKey(algorithm))),
    ...LEAF_KEY_ALGORITHM_NAMES.map(async (algorithm) => {
      const bits = RSA_BITS[algorithm];
      if (bits === undefined) return;
      const count = SHARED_KEYS[algorithm] ?? 1;
      rsaKeys.set(algorithm, await Promise.all(Array.from({ length: count }, () => makeRsaKey(bits))));
    }),
  ]);
  return {
    caKey: (algorithm) => {
      const key = caKeys.get(algorithm);
      if (key === undefined) throw new RangeError(`no CA key of type ${algorithm}`);
      return key;
    },
    leafKey: (algorithm, turn) => {
      const shared = rsaKeys.get(algorithm);
      return shared?.[turn % shared.length] ?? makeSmallKey(algorithm);
    },
  };
}

function makeSmallKey(algorithm: LeafKeyAlgorithm): KeyObject {
  const namedCurve = CURVES[algorithm];
  return namedCurve === undefined
    ? generateKeyPairSync("ed25519").privateKey
    : generateKeyPairSync("ec", { namedCurve }).privateKey;
}

async function makeRsaKey(modulusLength: number): Promise<KeyObject> {
  return await new Promise((resolve, reject) => {
    generateKeyPair("rsa", { modulusLength }, (error, _publicKey, privateKey) => {
      if (error === null) resolve(privateKey);
      else reject(error);
    });
  });
}
