import { type Certificate, mayIssue, readCertificate } from "./certificate.ts";
import { DerError } from "./der.ts";
import { type ServiceError, validation } from "./errors.ts";
import { readPem } from "./pem.ts";
import { hasStrongSignature } from "./signed-object.ts";

const MAX_CERTIFICATES = 2;

/**
 * Reads the certificates of a trust anchor and applies the rules for CA certificates:
 * https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
 *
 * @throws {ServiceError} ValidationException
 */
export function readBundle(text: string, now: Date): readonly Certificate[] {
  const certificates = readCertificates(text);
  if (certificates.length > MAX_CERTIFICATES) {
    throw validation(`A trust anchor can have ${MAX_CERTIFICATES} certificates, not ${certificates.length}.`);
  }
  for (const certificate of certificates) requireCa(certificate, now);
  return certificates;
}

/** The certificates of a PEM text, whatever they are good for. @throws {ServiceError} ValidationException */
export function readCertificates(text: string): readonly Certificate[] {
  const blocks = readPem(text);
  if (blocks === undefined || blocks.length === 0 || blocks.some((block) => block.label !== "CERTIFICATE")) {
    throw badData();
  }
  return blocks.map((block) => parse(block.der));
}

function requireCa(certificate: Certificate, now: Date): void {
  if (!mayIssue(certificate)) throw validation("Incorrect basic constraints for CA certificate.");
  if (!hasStrongSignature(certificate)) {
    throw validation("The CA certificate is signed with an algorithm weaker than SHA-256 or not supported.");
  }
  if (certificate.notAfter < now) throw validation("The CA certificate has expired.");
  if (now < certificate.notBefore) throw validation("The CA certificate is not yet valid.");
}

function parse(der: Uint8Array): Certificate {
  try {
    return readCertificate(der);
  } catch (error) {
    if (error instanceof DerError) throw badData();
    throw error;
  }
}

function badData(): ServiceError {
  return validation("Error creating TrustAnchor. Bad certificate data");
}
