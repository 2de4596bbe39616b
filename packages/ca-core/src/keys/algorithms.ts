import { DER_NULL, objectIdentifier, sequence } from "../der/write.ts";
import { OID } from "../lib/oids.ts";

/** The key types of CAs: those that AWS IAM Roles Anywhere takes and a cert-manager user can ask for. */
export type KeyAlgorithm = "RSA-2048" | "RSA-3072" | "RSA-4096" | "ECDSA-P256" | "ECDSA-P384";

/** The key types of leaves. Which of them a leaf may have is its profile's to say. */
export type LeafKeyAlgorithm = KeyAlgorithm | "Ed25519";

export interface RsaFacts {
  readonly kind: "RSA";
  readonly modulusBits: number;
}

export interface EcFacts {
  readonly kind: "EC";
  /** As node:crypto names the curve. */
  readonly namedCurve: string;
  readonly curveOid: string;
  readonly coordinateBytes: number;
  /** The order n of the curve's group (FIPS 186-4, D.1.2). */
  readonly order: bigint;
}

export interface Ed25519Facts {
  readonly kind: "Ed25519";
  /** Octets of a public key (RFC 8032, 5.1.5). */
  readonly keyBytes: number;
  /** The order L of the group (RFC 8032, 5.1). */
  readonly order: bigint;
}

export type KeyKind = "RSA" | "EC" | "Ed25519";

type KeyAlgorithmTable = { readonly [algorithm in KeyAlgorithm]: RsaFacts | EcFacts } & {
  readonly Ed25519: Ed25519Facts;
};

export const KEY_ALGORITHMS: KeyAlgorithmTable = {
  "RSA-2048": { kind: "RSA", modulusBits: 2048 },
  "RSA-3072": { kind: "RSA", modulusBits: 3072 },
  "RSA-4096": { kind: "RSA", modulusBits: 4096 },
  "ECDSA-P256": {
    kind: "EC",
    namedCurve: "prime256v1",
    curveOid: OID.secp256r1,
    coordinateBytes: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  "ECDSA-P384": {
    kind: "EC",
    namedCurve: "secp384r1",
    curveOid: OID.secp384r1,
    coordinateBytes: 48,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  Ed25519: {
    kind: "Ed25519",
    keyBytes: 32,
    order: 2n ** 252n + 27742317777372353535851937790883648493n,
  },
};

/** Of leaves, in the order of the table. */
export const LEAF_KEY_ALGORITHM_NAMES: readonly LeafKeyAlgorithm[] = Object.keys(KEY_ALGORITHMS) as LeafKeyAlgorithm[];

/** Of CAs, in the order of the table. */
export const KEY_ALGORITHM_NAMES: readonly KeyAlgorithm[] = LEAF_KEY_ALGORITHM_NAMES.filter(isCaKeyAlgorithm);

export function isCaKeyAlgorithm(algorithm: LeafKeyAlgorithm): algorithm is KeyAlgorithm {
  return algorithm !== "Ed25519";
}

/** The hashes that a CA key signs with, as node:crypto names them. */
export type SigningHash = "sha256" | "sha384";

/**
 * What roots, CRLs and leaves of profile RolesAnywhere are signed with, whatever the key's size: AWS's Python client
 * derives its request algorithm from the hash that signed the leaf and knows SHA-256 alone.
 */
export const SIGNING_HASH: SigningHash = "sha256";

/** The AlgorithmIdentifier of our signatures: NULL parameters for RSA (RFC 4055, 5), none for ECDSA (RFC 5758, 3.2). */
export const SIGNATURE_ALGORITHM_DER: {
  readonly [kind in "RSA" | "EC"]: { readonly [hash in SigningHash]: Uint8Array };
} = {
  RSA: {
    sha256: sequence(objectIdentifier(OID.sha256WithRsa), DER_NULL),
    sha384: sequence(objectIdentifier(OID.sha384WithRsa), DER_NULL),
  },
  EC: {
    sha256: sequence(objectIdentifier(OID.ecdsaWithSha256)),
    sha384: sequence(objectIdentifier(OID.ecdsaWithSha384)),
  },
};

/** Signature algorithms that a request's proof of possession may use. Ed25519 hashes by itself. */
export const REQUEST_SIGNATURE_ALGORITHMS: {
  readonly [oid: string]: { readonly kind: KeyKind; readonly hash: string | null } | undefined;
} = {
  [OID.sha256WithRsa]: { kind: "RSA", hash: "sha256" },
  [OID.sha384WithRsa]: { kind: "RSA", hash: "sha384" },
  [OID.sha512WithRsa]: { kind: "RSA", hash: "sha512" },
  [OID.ecdsaWithSha256]: { kind: "EC", hash: "sha256" },
  [OID.ecdsaWithSha384]: { kind: "EC", hash: "sha384" },
  [OID.ed25519]: { kind: "Ed25519", hash: null },
};
