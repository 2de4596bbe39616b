import { readExtensionList, type CertificateExtension } from "../certificate/read-certificate.ts";
import { serialOfContent } from "../certificate/serial.ts";
import { fieldsOf, unsignedOf, wholeOctetsOf } from "../der/fields.ts";
import { decodePem, encodePem } from "../der/pem.ts";
import { contentOf, encodingOf, readDer, type DerNode } from "../der/read.ts";
import { TAG, contextConstructed, contextPrimitive } from "../der/tag.ts";
import { readTime } from "../der/time.ts";
import { CaError } from "../errors.ts";
import { equalBytes, plain, sha256Hex } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import { compareSerials, CRL_LABEL, MAX_CRL_CHARACTERS, type Crl, type CrlEntry } from "./crl.ts";
import { crlNumberOf } from "./crl-number.ts";
import { reasonOfExtensions } from "./entry-bytes.ts";

/** No value is shorter than two octets, so this bounds nothing that the size does not. */
const OCTETS_PER_NODE = 2;
const VERSION_2 = Uint8Array.of(1);

/**
 * Reads a CRL of Capstan's own form, PEM (one block, label X509 CRL) or DER, and refuses every other: version 2, no
 * extensions but authorityKeyIdentifier and cRLNumber, entries sorted and unique, reasons that a leaf can have and none
 * written as unspecified. The signature is not verified here: see `checkCrlBeforePublication`.
 *
 * @throws DerError, PemError, CaError ERR_CRL_PROFILE
 */
export function readCrl(source: string | Uint8Array, options: { readonly maxBytes?: number } = {}): Crl {
  const { maxBytes = MAX_CRL_CHARACTERS } = options;
  const isPem = typeof source === "string" || source[0] === "-".charCodeAt(0);
  const der = isPem ? decodePem(source, { labels: [CRL_LABEL], maxBytes }).der : plain(source);
  const limits = { maxBytes, maxNodes: Math.ceil(der.length / OCTETS_PER_NODE) };
  const outer = fieldsOf(readDer(der, limits), TAG.sequence, "CertificateList");
  const tbsNode = outer.take(TAG.sequence, "tbsCertList");
  const algorithm = encodingOf(outer.take(TAG.sequence, "signatureAlgorithm"));
  const signature = wholeOctetsOf(outer.take(TAG.bitString, "signatureValue"), "signatureValue");
  outer.end();
  const tbs = readTbs(tbsNode);
  if (!equalBytes(algorithm, tbs.signatureAlgorithm)) throw profileError("the two signature algorithms differ");
  return {
    ...tbs,
    der,
    pem: encodePem(CRL_LABEL, der),
    tbs: encodingOf(tbsNode),
    signature,
    sha256: sha256Hex(der),
  };
}

function readTbs(node: DerNode): Omit<Crl, "der" | "pem" | "tbs" | "signature" | "sha256"> {
  const fields = fieldsOf(node, TAG.sequence, "TBSCertList");
  const version = fields.take(TAG.integer, "version");
  if (!equalBytes(contentOf(version), VERSION_2)) throw profileError("the version must be v2 (RFC 5280, 5.1.2.1)");
  const signatureAlgorithm = encodingOf(fields.take(TAG.sequence, "signature"));
  const issuerDer = encodingOf(fields.take(TAG.sequence, "issuer"));
  const thisUpdate = readTime(fields.takeAny("thisUpdate"));
  const nextUpdate = readTime(fields.takeAny("nextUpdate"));
  const revoked = fields.takeOptional(TAG.sequence);
  const extensions = readExtensionList(fields.take(contextConstructed(0), "crlExtensions"));
  fields.end();
  const entries = revoked === undefined ? [] : readEntries(revoked);
  return {
    signatureAlgorithm,
    issuerDer,
    thisUpdate,
    nextUpdate,
    entries,
    authorityKeyIdentifier: readAuthorityKey(extensions),
    number: crlNumberOf(unsignedOf(extensionOf(extensions, OID.crlNumber, "cRLNumber"), "cRLNumber")),
  };
}

function readEntries(list: DerNode): CrlEntry[] {
  if (list.children.length === 0)
    throw profileError("revokedCertificates must be absent when empty (RFC 5280, 5.1.2.6)");
  let previous: CrlEntry | undefined;
  return list.children.map((child, index) => {
    const entry = readEntry(child, index);
    if (previous !== undefined && compareSerials(previous.serial, entry.serial) >= 0) {
      throw profileError(`entry ${index}: not sorted by serial number, or listed twice`);
    }
    previous = entry;
    return entry;
  });
}

function readEntry(node: DerNode, index: number): CrlEntry {
  const fields = fieldsOf(node, TAG.sequence, "revokedCertificate");
  const serial = serialOfContent(contentOf(fields.take(TAG.integer, "userCertificate")));
  const revokedAt = readTime(fields.takeAny("revocationDate"));
  const extensions = fields.takeOptional(TAG.sequence);
  fields.end();
  if (extensions === undefined) return { serial, revokedAt };
  const reason = reasonOfExtensions(encodingOf(extensions));
  if (reason === undefined)
    throw profileError(`entry ${index}: its extensions are no reason code of a leaf (RFC 5280, 5.3.1)`);
  return { serial, revokedAt, reason };
}

function readAuthorityKey(extensions: readonly CertificateExtension[]): Uint8Array {
  const [keyIdentifier, ...more] = extensionOf(
    extensions,
    OID.authorityKeyIdentifier,
    "authorityKeyIdentifier",
  ).children;
  if (keyIdentifier?.tag !== contextPrimitive(0) || more.length > 0) {
    throw profileError("authorityKeyIdentifier must have the keyIdentifier form alone");
  }
  return contentOf(keyIdentifier);
}

function extensionOf(extensions: readonly CertificateExtension[], oid: string, name: string): DerNode {
  const found = extensions.find((extension) => extension.oid === oid);
  if (found === undefined) throw profileError(`${name} is missing (RFC 5280, 5.2)`);
  if (found.critical) throw profileError(`${name} must not be critical (RFC 5280, 5.2)`);
  if (extensions.length !== 2) throw profileError("it has extensions other than authorityKeyIdentifier and cRLNumber");
  return found.value;
}

function profileError(rule: string): CaError {
  return new CaError("ERR_CRL_PROFILE", `CRL: ${rule}`);
}
