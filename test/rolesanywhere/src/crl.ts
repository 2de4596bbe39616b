import {
  contextConstructed,
  DerError,
  type DerReader,
  integerValue,
  readSequence,
  readSingle,
  TAG,
  timeValue,
} from "./der.ts";
import { type DistinguishedName, readName } from "./distinguished-name.ts";
import { type Extension, readExtensions } from "./extensions.ts";
import { readSignedObject, requireSameAlgorithm, type SignedObject } from "./signed-object.ts";

/** A complete, direct CRL of version 2 (RFC 5280, section 5). */
export interface CertificateRevocationList extends SignedObject {
  readonly issuer: DistinguishedName;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly revoked: ReadonlySet<bigint>;
  /** Undefined when the extension is absent. */
  readonly number: bigint | undefined;
}

const OID = {
  crlNumber: "2.5.29.20",
  deltaCrl: "2.5.29.27",
  distributionPoint: "2.5.29.28",
  certificateIssuer: "2.5.29.29",
};

const UNUSUAL: ReadonlySet<string> = new Set([OID.deltaCrl, OID.distributionPoint, OID.certificateIssuer]);

// Without influence on which serials are revoked: authorityKeyIdentifier, issuerAltName, cRLNumber, reasonCode, invalidityDate.
const HARMLESS: ReadonlySet<string> = new Set(["2.5.29.35", "2.5.29.18", OID.crlNumber, "2.5.29.21", "2.5.29.24"]);

/**
 * Reads one CRL strictly; delta, indirect and partitioned ones are refused by name, unless they are to be read as if they
 * were none.
 *
 * @throws {DerError} for bytes that are not such a CRL.
 */
export function readCrl(der: Uint8Array, unusual: "refuse" | "accept" = "refuse"): CertificateRevocationList {
  const at = "CertificateList";
  const signed = readSignedObject(der, at);
  const tbs = readSequence(signed.tbs, at);
  if (integerValue(tbs.next(TAG.integer).content, `${at}.version`) !== 1n) {
    throw new DerError(`${at}.version: not 2`);
  }
  requireSameAlgorithm(signed, tbs.next(TAG.sequence).bytes, at);
  const issuer = readName(tbs.next(TAG.sequence), `${at}.issuer`);
  const thisUpdate = timeValue(tbs.next(), `${at}.thisUpdate`);
  if (tbs.peek() !== TAG.utcTime && tbs.peek() !== TAG.generalizedTime) {
    throw new DerError(`${at}.nextUpdate: absent (RFC 5280, 5.1.2.5)`);
  }
  const nextUpdate = timeValue(tbs.next(), `${at}.nextUpdate`);
  const entries = tbs.peek() === TAG.sequence ? tbs.enter(TAG.sequence, "revokedCertificates") : undefined;
  const revoked = entries === undefined ? new Set<bigint>() : readEntries(entries, at, unusual);
  const extensionList = tbs.optional(contextConstructed(0));
  tbs.end();
  const place = `${at}.crlExtensions`;
  const extensions: ReadonlyMap<string, Extension> =
    extensionList === undefined ? new Map() : readExtensions(readSequence(extensionList.content, place), place);
  refuseUnusual(extensions, place, unusual);
  const number = extensions.get(OID.crlNumber)?.value;
  return {
    ...signed,
    issuer,
    thisUpdate,
    nextUpdate,
    revoked,
    number: number === undefined ? undefined : integerValue(readSingle(number, TAG.integer, place).content, place),
  };
}

function readEntries(entries: DerReader, at: string, unusual: "refuse" | "accept"): ReadonlySet<bigint> {
  const revoked = new Set<bigint>();
  if (entries.done) throw new DerError(`${at}.revokedCertificates: present but empty (RFC 5280, 5.1.2.6)`);
  while (!entries.done) {
    const place = `${at}.revokedCertificates[${revoked.size}]`;
    const entry = entries.enter(TAG.sequence, `revokedCertificates[${revoked.size}]`);
    const serial = integerValue(entry.next(TAG.integer).content, place);
    timeValue(entry.next(), place);
    if (!entry.done) refuseUnusual(readExtensions(entry.enter(TAG.sequence, "extensions"), place), place, unusual);
    entry.end();
    if (revoked.has(serial)) throw new DerError(`${place}: serial listed twice`);
    revoked.add(serial);
  }
  return revoked;
}

function refuseUnusual(extensions: ReadonlyMap<string, Extension>, at: string, unusual: "refuse" | "accept"): void {
  for (const [oid, extension] of extensions) {
    if (unusual === "accept" && UNUSUAL.has(oid)) continue;
    if (oid === OID.deltaCrl) throw new DerError(`${at}: a delta CRL`);
    if (oid === OID.distributionPoint) throw new DerError(`${at}: a partitioned or indirect CRL`);
    if (oid === OID.certificateIssuer) throw new DerError(`${at}: an indirect CRL`);
    if (extension.critical && !HARMLESS.has(oid)) throw new DerError(`${at}: unknown critical extension ${oid}`);
  }
}
