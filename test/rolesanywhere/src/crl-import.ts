import type { Account } from "./account.ts";
import { type Certificate, KEY_USAGE } from "./certificate.ts";
import { type CertificateRevocationList, readCrl } from "./crl.ts";
import { DerError, latin1, TAG } from "./der.ts";
import { sameBytes } from "./distinguished-name.ts";
import { validation } from "./errors.ts";
import { readPem } from "./pem.ts";
import { hasStrongSignature, isSignedBy } from "./signed-object.ts";
import type { Unknowns } from "./unknowns.ts";

/**
 * Reads `crlData` and applies what an import demands: one PEM block labelled `X509 CRL`, signed by a certificate of the
 * trust anchor, current, and with at least one entry. `anchor` is undefined for a trust anchor that does not exist.
 *
 * @throws {ServiceError} ValidationException
 */
export function readImportedCrl(
  data: Uint8Array,
  anchor: { readonly certificates: readonly Certificate[] } | undefined,
  account: Pick<Account, "now" | "unknowns">,
): CertificateRevocationList {
  const { unknowns } = account;
  const now = account.now();
  const list =
    unknowns.derCrl === "accept" && data[0] === TAG.sequence
      ? parse(data, unknowns.unusualCrl)
      : readCrlPem(data, unknowns.unusualCrl);
  if (!hasStrongSignature(list)) {
    throw validation("The CRL is signed with an algorithm weaker than SHA-256 or not supported.");
  }
  const isOurs = anchor?.certificates.some((certificate) => isIssuerOf(list, certificate)) ?? true;
  if (!isOurs && unknowns.foreignCrl === "refuse") {
    throw validation("The CRL is not signed by a certificate of the trust anchor.");
  }
  if (unknowns.crlOutsideValidity === "refuse") {
    if (now < list.thisUpdate) throw validation("The CRL is not yet valid.");
    if (list.nextUpdate < now) throw validation("The CRL has expired.");
  }
  if (list.revoked.size === 0 && unknowns.emptyCrl === "refuse") {
    throw validation("The CRL is empty: it must revoke at least one certificate.");
  }
  return list;
}

/** The one CRL of a PEM text, whoever signed it and whenever. @throws {ServiceError} ValidationException */
export function readCrlPem(data: Uint8Array, unusual: Unknowns["unusualCrl"] = "refuse"): CertificateRevocationList {
  const [block, ...others] = readPem(latin1(data)) ?? [];
  if (block?.label !== "X509 CRL" || others.length > 0) {
    throw validation("The CRL must be in PEM format: one block labelled X509 CRL.");
  }
  return parse(block.der, unusual);
}

/** Did this CA issue this CRL? Name, signature, and cRLSign where keyUsage says so (RFC 5280, 6.3.3 f and g). */
export function isIssuerOf(list: CertificateRevocationList, certificate: Certificate): boolean {
  return (
    sameBytes(list.issuer.der, certificate.subject.der) &&
    certificate.keyUsage?.has(KEY_USAGE.cRLSign) !== false &&
    isSignedBy(list, certificate.publicKey)
  );
}

function parse(der: Uint8Array, unusual: Unknowns["unusualCrl"]): CertificateRevocationList {
  try {
    return readCrl(der, unusual);
  } catch (error) {
    if (error instanceof DerError) throw validation(`The CRL is malformed: ${error.message}`);
    throw error;
  }
}
