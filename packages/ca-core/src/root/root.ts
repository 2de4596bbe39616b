import type { KeyObject } from "node:crypto";
import type { KeyAlgorithm } from "../keys/algorithms.ts";
import { publicKeyObject } from "../keys/signer.ts";
import type { NameAttribute } from "../name/attribute-types.ts";

/** A self-signed CA certificate that `readRoot` or `createRoot` has checked. */
export interface Root {
  readonly der: Uint8Array;
  readonly pem: string;
  /** The subject's Name as it stands: issuer bytes of everything that this root signs. */
  readonly subjectDer: Uint8Array;
  readonly subject: readonly NameAttribute[];
  readonly algorithm: KeyAlgorithm;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** Subject key identifier: the authority key identifier of everything that this root signs. */
  readonly ski: Uint8Array;
  readonly notBefore: Date;
  /** Inclusive. */
  readonly notAfter: Date;
  /** How many CAs may stand between this root and a leaf; absent when there is no bound (RFC 5280, 4.2.1.9). */
  readonly pathLength?: number;
  /** SHA-256 of `der`, lower-case hex. */
  readonly sha256: string;
  /** The generation that the subject's serialNumber attribute carries, if it is a number. */
  readonly generation?: number;
}

const KEY_OBJECTS = new WeakMap<Root, KeyObject>();

/** The root's public key, parsed once. */
export function rootKeyObject(root: Root): KeyObject {
  const known = KEY_OBJECTS.get(root);
  if (known !== undefined) return known;
  const keyObject = publicKeyObject(root.spki);
  KEY_OBJECTS.set(root, keyObject);
  return keyObject;
}
