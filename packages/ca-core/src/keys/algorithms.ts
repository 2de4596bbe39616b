import { DER_NULL, objectIdentifier, sequence } from "../der/write.ts";
import { OID } from "../lib/oids.ts";

/** The key types of CAs and leaves: those that AWS IAM Roles Anywhere takes and a cert-manager user can ask for. */
export type KeyAlgorithm = "RSA-2048" | "RSA-3072" | "RSA-4096" | "ECDSA-P256" | "ECDSA-P384";

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

export const KEY_ALGORITHMS: { readonly [algorithm in KeyAlgorithm]: RsaFacts | EcFacts } = {
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
};

/** In the order of the table. */
export const KEY_ALGORITHM_NAMES: readonly KeyAlgorithm[] = Object.keys(KEY_ALGORITHMS) as KeyAlgorithm[];

/**
 * What we sign with, whatever the key's size: AWS's Python client derives its request algorithm from the hash that
 * signed the leaf and knows SHA-256 alone.
 */
export const SIGNING_HASH = "sha256";

/** The AlgorithmIdentifier of our signatures: NULL parameters for RSA (RFC 4055, 5), none for ECDSA (RFC 5758, 3.2). */
export const SIGNATURE_ALGORITHM_DER: { readonly [kind in "RSA" | "EC"]: Uint8Array } = {
  RSA: sequence(objectIdentifier(OID.sha256WithRsa), DER_NULL),
  EC: sequence(objectIdentifier(OID.ecdsaWithSha256)),
};

/** Signature algorithms that a request's proof of possession may use. */
export const REQUEST_SIGNATURE_ALGORITHMS: {
  readonly [oid: string]: { readonly kind: "RSA" | "EC"; readonly hash: string } | undefined;
} = {
  [OID.sha256WithRsa]: { kind: "RSA", hash: "sha256" },
  [OID.sha384WithRsa]: { kind: "RSA", hash: "sha384" },
  [OID.sha512WithRsa]: { kind: "RSA", hash: "sha512" },
  [OID.ecdsaWithSha256]: { kind: "EC", hash: "sha256" },
  [OID.ecdsaWithSha384]: { kind: "EC", hash: "sha384" },
};
