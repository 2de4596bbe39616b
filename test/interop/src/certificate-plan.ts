import { createHash, createPublicKey } from "node:crypto";
import type { PlannedName } from "./general-names.ts";
import type { PlannedSubject } from "./subject.ts";

/** What a certificate must say, before anybody has read it. */
export interface CertificatePlan {
  /** Lower-case hexadecimal without leading zeros. */
  readonly serial: string;
  readonly subject: PlannedSubject;
  readonly names: readonly PlannedName[];
  readonly areNamesCritical: boolean;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo, DER, as node:crypto exported it. */
  readonly spki: Uint8Array;
  readonly signature: SignatureKind;
  /** Ascending; empty when the extension must be absent. */
  readonly keyUsageBits: readonly number[];
  /** In order; empty when the extension must be absent. */
  readonly purposes: readonly string[];
  readonly isCa: boolean;
  /** Of CAs; undefined is none. */
  readonly pathLength: number | undefined;
  /** Whether it says whose key signed it. */
  readonly hasAuthorityKey: boolean;
}

export interface SignatureKind {
  readonly key: "RSA" | "EC";
  readonly hash: "sha256" | "sha384";
}

/** Extensions in order, with their criticality. */
export function extensionsOf(plan: CertificatePlan): { id: string; critical: boolean }[] {
  return [
    { id: "2.5.29.19", critical: true },
    ...(plan.keyUsageBits.length === 0 ? [] : [{ id: "2.5.29.15", critical: true }]),
    ...(plan.purposes.length === 0 ? [] : [{ id: "2.5.29.37", critical: false }]),
    ...(plan.names.length === 0 ? [] : [{ id: "2.5.29.17", critical: plan.areNamesCritical }]),
    { id: "2.5.29.14", critical: false },
    ...(plan.hasAuthorityKey ? [{ id: "2.5.29.35", critical: false }] : []),
  ];
}

/** SHA-1 of the public key's bits (RFC 5280, 4.2.1.2, method 1), put together from what node:crypto says of the key. */
export function keyIdentifierOf(spki: Uint8Array): Uint8Array {
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  const { x = "", y = "" } = key.export({ format: "jwk" });
  const coordinates = Buffer.concat([Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  const bits = {
    rsa: (): Uint8Array => key.export({ format: "der", type: "pkcs1" }),
    ec: (): Uint8Array => Uint8Array.of(4, ...coordinates),
    ed25519: (): Uint8Array => coordinates,
  }[key.asymmetricKeyType as "rsa" | "ec" | "ed25519"]();
  return Uint8Array.from(createHash("sha1").update(bits).digest());
}
