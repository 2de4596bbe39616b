import type { SerialHex } from "../certificate/serial.ts";
import type { CrlEntries } from "./crl-entries.ts";
import type { CrlNumber } from "./crl-number.ts";

/** RFC 5280, 5.3.1. Those that a leaf's revocation can have; certificateHold is not offered, since it can be undone. */
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;

export type RevocationReason = keyof typeof REVOCATION_REASONS;

export interface CrlEntry {
  readonly serial: SerialHex;
  /** Whole seconds are kept. */
  readonly revokedAt: Date;
  /** Absent is the same as unspecified, which RFC 5280 wants left out. */
  readonly reason?: RevocationReason;
}

/** A CRL taken apart by the strict reader. */
export interface Crl {
  readonly der: Uint8Array;
  /** One block, label X509 CRL. Made when it is first asked for. */
  readonly pem: string;
  readonly number: CrlNumber;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Sorted by serial number, none twice. */
  readonly entries: CrlEntries;
  readonly issuerDer: Uint8Array;
  readonly authorityKeyIdentifier: Uint8Array;
  /** AlgorithmIdentifier, DER. */
  readonly signatureAlgorithm: Uint8Array;
  /** TBSCertList: what was signed. */
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
  /** SHA-256 of `der`, lower-case hex. */
  readonly sha256: string;
}

/** AWS: ImportCrl and UpdateCrl take at most 300,000 bytes of PEM. */
export const MAX_CRL_CHARACTERS = 300_000;

export const CRL_LABEL = "X509 CRL";
