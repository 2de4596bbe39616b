import { createPublicKey, type KeyObject } from "node:crypto";
import {
  booleanValue,
  contextConstructed,
  contextPrimitive,
  DerError,
  DerReader,
  integerValue,
  latin1,
  namedBits,
  oidValue,
  readSequence,
  readSingle,
  TAG,
  timeValue,
} from "./der.ts";
import { type DistinguishedName, readName } from "./distinguished-name.ts";
import { type Extension, readExtensions } from "./extensions.ts";
import { readSignedObject, requireSameAlgorithm, type SignedObject } from "./signed-object.ts";

/** An X.509 certificate as far as the service's rules look at it. */
export interface Certificate extends SignedObject {
  readonly der: Uint8Array;
  readonly serial: bigint;
  /** Lower-case hex of the INTEGER's octets as they stand in the certificate, so with the sign octet `00` if it has one. */
  readonly serialHex: string;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  readonly notBefore: Date;
  /** Inclusive (RFC 5280, 4.1.2.5). */
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
  /** Undefined when the extension is absent. */
  readonly keyUsage: ReadonlySet<number> | undefined;
  /** OIDs; undefined when the extension is absent. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly alternativeNames: AlternativeNames;
  /** OIDs of critical extensions that this reader does not know. */
  readonly unknownCritical: readonly string[];
}

/** The kinds of subject alternative name that become session tags, in certificate order. */
interface AlternativeNames {
  readonly dns: readonly string[];
  readonly uri: readonly string[];
  readonly directory: readonly DistinguishedName[];
}

/** Purposes of ExtendedKeyUsage (RFC 5280, 4.2.1.12). */
export const EXTENDED_KEY_USAGE = { clientAuth: "1.3.6.1.5.5.7.3.2" } as const;

/** Bit numbers of KeyUsage (RFC 5280, 4.2.1.3). */
export const KEY_USAGE = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const;

const OID = {
  keyUsage: "2.5.29.15",
  subjectAlternativeName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extendedKeyUsage: "2.5.29.37",
} as const;

// Critical ones are no reason to refuse: read here, or without meaning for the service (key identifiers).
const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set([...Object.values(OID), "2.5.29.14", "2.5.29.35"]);

/**
 * Reads one certificate strictly.
 *
 * @throws {DerError} for bytes that are not a DER certificate, `TypeError` never.
 */
export function readCertificate(der: Uint8Array): Certificate {
  const at = "Certificate";
  const signed = readSignedObject(der, at);
  const tbs = readSequence(signed.tbs, at);

  const versionElement = tbs.optional(contextConstructed(0));
  const version = versionElement === undefined ? 1 : readVersion(versionElement.content, at);
  const serialOctets = tbs.next(TAG.integer).content;
  const serial = integerValue(serialOctets, `${at}.serialNumber`);
  if (serial <= 0n || serialOctets.length > 20) {
    throw new DerError(`${at}.serialNumber: not positive or longer than 20 octets`);
  }
  requireSameAlgorithm(signed, tbs.next(TAG.sequence).bytes, at);
  const issuer = readName(tbs.next(TAG.sequence), `${at}.issuer`);
  const validity = tbs.enter(TAG.sequence, "validity");
  const notBefore = timeValue(validity.next(), `${at}.notBefore`);
  const notAfter = timeValue(validity.next(), `${at}.notAfter`);
  validity.end();
  const subject = readName(tbs.next(TAG.sequence), `${at}.subject`);
  const publicKey = readPublicKey(tbs.next(TAG.sequence).bytes, at);
  const extensionList = tbs.optional(contextConstructed(3));
  tbs.end();

  const extensions = extensionList === undefined ? new Map() : extensionsOf(extensionList.content, version, at);
  return {
    ...signed,
    der,
    serial,
    serialHex: Buffer.from(serialOctets).toString("hex"),
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKey,
    ...readBasicConstraints(extensions.get(OID.basicConstraints)),
    keyUsage: readKeyUsage(extensions.get(OID.keyUsage)),
    extendedKeyUsage: readExtendedKeyUsage(extensions.get(OID.extendedKeyUsage)),
    alternativeNames: readAlternativeNames(extensions.get(OID.subjectAlternativeName)),
    unknownCritical: [...extensions]
      .filter(([oid, extension]) => extension.critical && !KNOWN_EXTENSIONS.has(oid))
      .map(([oid]) => oid),
  };
}

/** Is `now` inside the validity, both ends included? */
export function isValidAt(certificate: Certificate, now: Date): boolean {
  return certificate.notBefore <= now && now <= certificate.notAfter;
}

/** May this certificate sign certificates: cA TRUE and keyCertSign? */
export function mayIssue(certificate: Certificate): boolean {
  return certificate.isCa && certificate.keyUsage?.has(KEY_USAGE.keyCertSign) === true;
}

function readVersion(content: Uint8Array, at: string): number {
  const value = integerValue(readSingle(content, TAG.integer, `${at}.version`).content, `${at}.version`);
  if (value !== 1n && value !== 2n) throw new DerError(`${at}.version: not 2 or 3`);
  return Number(value) + 1;
}

function readPublicKey(der: Uint8Array, at: string): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" });
  } catch {
    throw new DerError(`${at}.subjectPublicKeyInfo: not a public key that OpenSSL can read`);
  }
}

function extensionsOf(content: Uint8Array, version: number, at: string): ReadonlyMap<string, Extension> {
  // So whoever demands an extension, as the rules for leaves and CAs do, has demanded version 3.
  if (version !== 3) throw new DerError(`${at}: extensions in a certificate of version ${version}`);
  return readExtensions(readSequence(content, `${at}.extensions`), `${at}.extensions`);
}

function readBasicConstraints(extension: Extension | undefined): Pick<Certificate, "isCa" | "pathLength"> {
  if (extension === undefined) return { isCa: false, pathLength: undefined };
  const at = "Certificate.basicConstraints";
  const fields = readSequence(extension.value, at);
  const flag = fields.optional(TAG.boolean);
  const isCa = flag !== undefined && booleanValue(flag.content, at);
  const limit = fields.optional(TAG.integer);
  fields.end();
  return { isCa, pathLength: limit === undefined ? undefined : Number(integerValue(limit.content, at)) };
}

function readKeyUsage(extension: Extension | undefined): ReadonlySet<number> | undefined {
  if (extension === undefined) return undefined;
  const at = "Certificate.keyUsage";
  return namedBits(readSingle(extension.value, TAG.bitString, at).content, at);
}

function readExtendedKeyUsage(extension: Extension | undefined): readonly string[] | undefined {
  if (extension === undefined) return undefined;
  const at = "Certificate.extendedKeyUsage";
  const purposes = readSequence(extension.value, at);
  const oids: string[] = [];
  while (!purposes.done) oids.push(oidValue(purposes.next(TAG.oid).content, at));
  return oids;
}

function readAlternativeNames(extension: Extension | undefined): AlternativeNames {
  const names = { dns: [] as string[], uri: [] as string[], directory: [] as DistinguishedName[] };
  if (extension === undefined) return names;
  const at = "Certificate.subjectAltName";
  const list = readSequence(extension.value, at);
  while (!list.done) {
    const name = list.next();
    if (name.tag === contextPrimitive(2)) names.dns.push(latin1(name.content));
    if (name.tag === contextPrimitive(6)) names.uri.push(latin1(name.content));
    if (name.tag === contextConstructed(4)) {
      // directoryName is a CHOICE, hence explicitly tagged.
      names.directory.push(readName(new DerReader(name.content, at).next(TAG.sequence), at));
    }
  }
  return names;
}
