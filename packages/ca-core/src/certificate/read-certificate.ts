import { expectTag, fieldsOf, oidOf, structureError, takeDefaultFalse, wholeOctetsOf } from "../der/fields.ts";
import { contentOf, encodingOf, readDerInside, type DerNode } from "../der/read.ts";
import { TAG, contextConstructed } from "../der/tag.ts";
import { readTime } from "../der/time.ts";
import { equalBytes } from "../lib/bytes.ts";
import { serialOfContent, type SerialHex } from "./serial.ts";

export interface CertificateExtension {
  readonly oid: string;
  readonly critical: boolean;
  /** The one DER value inside the extension's OCTET STRING. */
  readonly value: DerNode;
}

/** A TBSCertificate (RFC 5280, 4.1.2) taken apart by the strict reader; byte fields are views into what was read. */
export interface TbsCertificate {
  readonly tbs: Uint8Array;
  readonly serial: SerialHex;
  readonly signatureAlgorithm: Uint8Array;
  readonly issuer: DerNode;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly subject: DerNode;
  readonly spki: DerNode;
  readonly extensions: readonly CertificateExtension[];
}

export interface CertificateParts extends TbsCertificate {
  readonly signature: Uint8Array;
}

const VERSION_3 = Uint8Array.of(TAG.integer, 1, 2);

/** @throws DerError */
export function readCertificateParts(node: DerNode): CertificateParts {
  const outer = fieldsOf(node, TAG.sequence, "Certificate");
  const tbs = readTbsCertificate(outer.take(TAG.sequence, "tbsCertificate"));
  const algorithm = outer.take(TAG.sequence, "signatureAlgorithm");
  const signature = wholeOctetsOf(outer.take(TAG.bitString, "signatureValue"), "signatureValue");
  outer.end();
  if (!equalBytes(encodingOf(algorithm), tbs.signatureAlgorithm)) {
    throw structureError(algorithm.start, "the two signature algorithms differ (RFC 5280, 4.1.1.2)");
  }
  return { ...tbs, signature };
}

/** Version 3 with extensions and without unique identifiers. @throws DerError, CaError ERR_SERIAL */
export function readTbsCertificate(node: DerNode): TbsCertificate {
  const fields = fieldsOf(node, TAG.sequence, "TBSCertificate");
  const version = fields.take(contextConstructed(0), "version");
  if (!equalBytes(contentOf(version), VERSION_3)) throw structureError(version.start, "the version must be v3");
  const serial = serialOfContent(contentOf(fields.take(TAG.integer, "serialNumber")));
  const signatureAlgorithm = encodingOf(fields.take(TAG.sequence, "signature"));
  const issuer = fields.take(TAG.sequence, "issuer");
  const validity = fieldsOf(fields.take(TAG.sequence, "validity"), TAG.sequence, "validity");
  const notBefore = readTime(validity.takeAny("notBefore"));
  const notAfter = readTime(validity.takeAny("notAfter"));
  validity.end();
  const subject = fields.take(TAG.sequence, "subject");
  const spki = fields.take(TAG.sequence, "subjectPublicKeyInfo");
  const extensions = readExtensionList(fields.take(contextConstructed(3), "extensions"));
  fields.end();
  return { tbs: encodingOf(node), serial, signatureAlgorithm, issuer, notBefore, notAfter, subject, spki, extensions };
}

/** Extensions under an explicit tag: at least one, none twice, each value one DER value. @throws DerError */
export function readExtensionList(explicit: DerNode): CertificateExtension[] {
  const outer = fieldsOf(explicit, explicit.tag, "extensions");
  const list = outer.take(TAG.sequence, "Extensions");
  outer.end();
  if (list.children.length === 0) throw structureError(list.start, "the list of extensions is empty (RFC 5280, 4.1)");
  const seen = new Set<string>();
  return list.children.map((child) => {
    const fields = fieldsOf(child, TAG.sequence, "Extension");
    const oid = oidOf(fields.takeAny("extnID"), "extnID");
    const critical = takeDefaultFalse(fields);
    const octets = expectTag(fields.takeAny("extnValue"), TAG.octetString, "extnValue");
    fields.end();
    if (seen.has(oid)) throw structureError(child.start, `extension ${oid} appears twice (RFC 5280, 4.2)`);
    seen.add(oid);
    return { oid, critical, value: readDerInside(octets) };
  });
}
