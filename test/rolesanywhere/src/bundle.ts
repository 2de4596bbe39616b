import { rootCertificates } from "node:tls";
import type { Account } from "./account.ts";
import { type Certificate, mayIssue, readCertificate } from "./certificate.ts";
import { DerError } from "./der.ts";
import { sameBytes } from "./distinguished-name.ts";
import { type ServiceError, validation } from "./errors.ts";
import { readPem, rewritten } from "./pem.ts";
import { hasStrongSignature } from "./signed-object.ts";
import type { Unknowns } from "./unknowns.ts";

const MAX_CERTIFICATES = 2;

const BLOCK = /-----BEGIN[^]*?-----END[^\n]*\n?/g;

/**
 * Reads the certificates of a trust anchor and applies the rules for CA certificates:
 * https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
 *
 * @throws {ServiceError} ValidationException
 */
export function readBundle(text: string, account: Pick<Account, "now" | "unknowns">): readonly Certificate[] {
  const { unknowns } = account;
  const certificates = readCertificates(text);
  if (certificates.length > MAX_CERTIFICATES && unknowns.thirdCertificate === "refuse") {
    throw validation(`A trust anchor can have ${MAX_CERTIFICATES} certificates, not ${certificates.length}.`);
  }
  const counting = certificates.slice(0, MAX_CERTIFICATES);
  for (const certificate of counting) requireCa(certificate);
  if (unknowns.caOutsideValidity === "refuse")
    for (const certificate of counting) requireCurrent(certificate, account.now());
  const [first, second] = counting;
  if (unknowns.sameSubjectAndKey === "refuse" && first !== undefined && second !== undefined && isTwin(first, second)) {
    throw validation("Two certificates of the trust anchor have the same subject and key.");
  }
  if (
    unknowns.publicCa === "refuse" &&
    counting.some(({ der }) => publicRoots().has(Buffer.from(der).toString("base64")))
  ) {
    throw validation("A certificate of a public CA cannot be used as a trust anchor.");
  }
  return counting;
}

/** In base64. */
function publicRoots(): ReadonlySet<string> {
  return new Set(rootCertificates.map((pem) => pem.replaceAll(/-----[^-]*-----|\s/g, "")));
}

/** How the service shows a bundle. */
export function shownBundle(text: string, { bundleReadBack }: Pick<Unknowns, "bundleReadBack">): string {
  if (bundleReadBack === "reversed") return (text.match(BLOCK) ?? []).toReversed().join("");
  return rewritten(text, bundleReadBack);
}

function isTwin(a: Certificate, b: Certificate): boolean {
  return sameBytes(a.subject.der, b.subject.der) && a.publicKey.equals(b.publicKey);
}

/** The certificates of a PEM text, whatever they are good for. @throws {ServiceError} ValidationException */
export function readCertificates(text: string): readonly Certificate[] {
  const blocks = readPem(text);
  if (blocks === undefined || blocks.length === 0 || blocks.some((block) => block.label !== "CERTIFICATE")) {
    throw badData();
  }
  return blocks.map((block) => parse(block.der));
}

function requireCa(certificate: Certificate): void {
  if (!mayIssue(certificate)) throw validation("Incorrect basic constraints for CA certificate.");
  if (!hasStrongSignature(certificate)) {
    throw validation("The CA certificate is signed with an algorithm weaker than SHA-256 or not supported.");
  }
}

function requireCurrent(certificate: Certificate, now: Date): void {
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
