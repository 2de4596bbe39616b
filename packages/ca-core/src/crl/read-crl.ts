import type { CertificateExtension } from "../certificate/read-certificate.ts";
import { unsignedOf } from "../der/fields.ts";
import { decodePem, encodePem } from "../der/pem.ts";
import { assertDerSize, contentOf, type DerNode } from "../der/read.ts";
import { CaError } from "../errors.ts";
import { plain, sha256Hex } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import { CRL_FORM_RULES, holdTo } from "../lint/crl/lint-crl.ts";
import { CrlEntries } from "./crl-entries.ts";
import { CRL_LABEL, MAX_CRL_CHARACTERS, type Crl } from "./crl.ts";
import { crlNumberOf } from "./crl-number.ts";
import { readCertificateList } from "./read-certificate-list.ts";

/**
 * Reads a CRL of Capstan's own form, PEM (one block, label X509 CRL) or DER, and refuses every other: version 2, no
 * extensions but authorityKeyIdentifier and cRLNumber, entries sorted and unique, reasons that a leaf can have and none
 * written as unspecified. Time is linear in the size, which is bounded first: by default to what AWS takes. The
 * signature is not verified here: see `checkCrlBeforePublication`.
 *
 * @throws DerError, PemError, CaError ERR_CRL_PROFILE, ERR_CRL_NUMBER, ERR_SERIAL
 *
 * @example
 * readCrl(published.pem).entries.has(parseSerial("4f:1c")) // true
 */
export function readCrl(source: string | Uint8Array, options: { readonly maxBytes?: number } = {}): Crl {
  const { maxBytes = MAX_CRL_CHARACTERS } = options;
  const isPem = typeof source === "string" || source[0] === "-".charCodeAt(0);
  const der = isPem ? decodePem(source, { labels: [CRL_LABEL], maxBytes }).der : source;
  assertDerSize(der, maxBytes);
  return readOwnedCrl(isPem ? der : plain(der));
}

/** As readCrl, of any size, for bytes that nobody else holds. */
export function readOwnedCrl(der: Uint8Array): Crl {
  const { crl, findings } = holdTo({
    rules: CRL_FORM_RULES,
    read: (visit) => readCertificateList(der, visit),
    linted: (found) => found,
  });
  const [keyIdentifier] = valueOf(crl.extensions, OID.authorityKeyIdentifier)?.children ?? [];
  const number = valueOf(crl.extensions, OID.crlNumber);
  if (findings.length > 0 || keyIdentifier === undefined || number === undefined) {
    throw new CaError("ERR_CRL_PROFILE", `CRL: ${findings.map(({ fault }) => fault).join("; ")}`);
  }
  let pem: string | undefined;
  return {
    der,
    get pem() {
      return (pem ??= encodePem(CRL_LABEL, der));
    },
    number: crlNumberOf(unsignedOf(number, "cRLNumber")),
    thisUpdate: crl.thisUpdate,
    nextUpdate: crl.nextUpdate,
    entries: crl.revoked === undefined ? CrlEntries.NONE : CrlEntries.read(crl.revoked),
    issuerDer: crl.issuerDer,
    authorityKeyIdentifier: contentOf(keyIdentifier),
    signatureAlgorithm: crl.signatureAlgorithm,
    tbs: crl.tbs,
    signature: crl.signature,
    sha256: sha256Hex(der),
  };
}

function valueOf(extensions: readonly CertificateExtension[], oid: string): DerNode | undefined {
  return extensions.find((extension) => extension.oid === oid)?.value;
}
