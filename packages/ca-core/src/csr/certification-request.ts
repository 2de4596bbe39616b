import type { PublicKey } from "../keys/check-public-key.ts";
import type { NameAttribute } from "../name/attribute-types.ts";
import type { SubjectAlternativeName } from "../san/subject-alternative-name.ts";

/**
 * A PKCS#10 request (RFC 2986) that is well formed, whose key the key policy let pass, and whose sender has proved to
 * hold the private key. It says what was *asked*: nothing of it may be issued before profile and policy have agreed.
 */
export interface CertificationRequest {
  /** In the order of the request. */
  readonly subject: readonly NameAttribute[];
  /** Attribute types that share an RDN with another attribute; empty in ordinary requests. */
  readonly sharedRdnTypes: readonly string[];
  /** The subject's Name as it was sent, DER. */
  readonly subjectDer: Uint8Array;
  readonly subjectAlternativeNames: readonly SubjectAlternativeName[];
  readonly publicKey: PublicKey;
  readonly requested: RequestedExtensions;
  /** Harmless attributes that were left aside (challengePassword and the like), by object identifier. */
  readonly ignored: readonly string[];
}

/** Extensions of the request other than names; a member is absent when the request does not have the extension. */
export interface RequestedExtensions {
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** Usages as cert-manager names them. */
  readonly keyUsages?: readonly string[];
  /** Usages as cert-manager names them, or the object identifier where it has no name. */
  readonly extendedKeyUsages?: readonly string[];
}
