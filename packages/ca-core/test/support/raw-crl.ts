import { authorityKeyIdentifier, extension } from "../../src/certificate/write-extension.ts";
import { bitString, sequence, tagged, time, tlv } from "../../src/der/write.ts";
import { signatureAlgorithmOf } from "../../src/keys/signer.ts";
import { OID } from "../../src/lib/oids.ts";
import type { Root } from "../../src/index.ts";
import { DAY, NOW } from "./authority.ts";
import { hex } from "./bytes.ts";

export interface RawCrlParts {
  readonly version?: Uint8Array;
  readonly signature?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly thisUpdate?: Uint8Array;
  /** null leaves it out. */
  readonly nextUpdate?: Uint8Array | null;
  /** Absent by default. */
  readonly list?: readonly Uint8Array[];
  readonly extensions?: readonly Uint8Array[];
  /** Members that a TBSCertList does not have. */
  readonly extra?: readonly Uint8Array[];
  readonly outerAlgorithm?: Uint8Array;
}

export const CRL_NUMBER: Uint8Array = extension(OID.crlNumber, false, hex("020105"));

/** What is to be signed for a root's CRL in our form but for what is given. */
export function rawTbs(root: Root, parts: RawCrlParts = {}): Uint8Array {
  const { nextUpdate = time(new Date(NOW.getTime() + DAY)), list } = parts;
  return sequence(
    parts.version ?? hex("020101"),
    parts.signature ?? signatureAlgorithmOf(root.algorithm),
    parts.issuer ?? root.subjectDer,
    parts.thisUpdate ?? time(NOW),
    ...(nextUpdate === null ? [] : [nextUpdate]),
    ...(list === undefined ? [] : [sequence(...list)]),
    tagged(0, sequence(...(parts.extensions ?? [authorityKeyIdentifier(root.ski), CRL_NUMBER]))),
    ...(parts.extra ?? []),
  );
}

/** A CRL whose signature is none. */
export function rawCrl(root: Root, parts: RawCrlParts = {}): Uint8Array {
  return sequence(
    rawTbs(root, parts),
    parts.outerAlgorithm ?? signatureAlgorithmOf(root.algorithm),
    bitString(hex("00")),
  );
}

/** An entry of revokedCertificates, its serial given as the whole INTEGER. */
export function rawEntry(serial: string, ...extensions: readonly Uint8Array[]): Uint8Array {
  return sequence(hex(serial), time(NOW), ...(extensions.length === 0 ? [] : [sequence(...extensions)]));
}

export function rawReason(code: number, critical = false): Uint8Array {
  return extension(OID.reasonCode, critical, tlv(0x0a, Uint8Array.of(code)));
}
