import type { SerialHex } from "../certificate/serial.ts";
import { SIGNING_HASH } from "../keys/algorithms.ts";
import { assertSignatureForm, verifySignature } from "../keys/signature.ts";
import { signatureAlgorithmOf } from "../keys/signer.ts";
import { equalBytes } from "../lib/bytes.ts";
import { rootKeyObject, type Root } from "../root/root.ts";
import type { Violation, ViolationCode } from "../violation.ts";
import { readCrlAgain, type SecondCrlReading } from "../x509/second-reading.ts";
import { MAX_CRL_CHARACTERS, type Crl } from "./crl.ts";
import { readCrl } from "./read-crl.ts";

export interface PublicationQuestion {
  /** What is about to be published: PEM or DER, as it will be sent. */
  readonly next: string | Uint8Array;
  /** The last one published, as read back; absent only for the first of a generation. */
  readonly previous?: Crl;
  readonly root: Root;
  readonly now: Date;
  /** How many revocations our own records hold for this generation. */
  readonly expectedCount: number;
  /** When a leaf expires, by our own records; undefined counts as the root's notAfter. */
  readonly notAfterOf: (serial: SerialHex) => Date | undefined;
}

const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * The last look at a CRL before it replaces another. Everything that it finds forbids publication: wrong issuer, key,
 * algorithm or signature; number or thisUpdate not above the previous ones; times that do not fit the clock; a count that
 * is not our records'; and, first of all, an entry of the previous CRL that is gone although its leaf may still be
 * valid. An entry may go once it stood on a CRL issued after its leaf's end (RFC 5280, 3.3).
 *
 * @throws DerError, PemError, CaError ERR_CRL_PROFILE when `next` is no CRL of our form
 */
export function checkCrlBeforePublication(question: PublicationQuestion): readonly Violation[] {
  const next = readCrl(question.next);
  return [
    ...checkOrigin(next, question.root),
    ...checkTimes(next, question),
    ...checkEntries(next, question),
    ...checkSize(next),
    ...checkSecondReading(next),
  ];
}

function checkOrigin(next: Crl, root: Root): Violation[] {
  const violations: Violation[] = [];
  if (!equalBytes(next.issuerDer, root.subjectDer)) {
    violations.push(found("ERR_CRL_ISSUER", "issuer", "the issuer is not the root's subject, byte for byte"));
  }
  if (!equalBytes(next.authorityKeyIdentifier, root.ski)) {
    violations.push(found("ERR_CRL_AUTHORITY_KEY", "authorityKeyIdentifier", "it is not the root's key"));
  }
  if (!equalBytes(next.signatureAlgorithm, signatureAlgorithmOf(root.algorithm)) || !hasValidSignature(next, root)) {
    violations.push(found("ERR_CRL_SIGNATURE", "signature", "the signature does not verify with the root's key"));
  }
  return violations;
}

function hasValidSignature(next: Crl, root: Root): boolean {
  try {
    assertSignatureForm(root.algorithm, next.signature);
  } catch {
    return false;
  }
  return verifySignature(SIGNING_HASH, next.tbs, rootKeyObject(root), next.signature);
}

function checkTimes(next: Crl, { previous, now }: PublicationQuestion): Violation[] {
  const violations: Violation[] = [];
  if (previous !== undefined && next.number <= previous.number) {
    const rule = `the number ${next.number} is not above the published ${previous.number} (RFC 5280, 5.2.3)`;
    violations.push(found("ERR_CRL_NUMBER_NOT_HIGHER", "cRLNumber", rule));
  }
  if (previous !== undefined && next.thisUpdate <= previous.thisUpdate) {
    violations.push(found("ERR_CRL_THIS_UPDATE", "thisUpdate", "it is not after the published one's"));
  }
  if (!(Math.abs(next.thisUpdate.getTime() - now.getTime()) <= CLOCK_SKEW_MS)) {
    violations.push(found("ERR_CRL_THIS_UPDATE", "thisUpdate", "it is more than five minutes off the clock"));
  }
  if (!(next.nextUpdate > next.thisUpdate && next.nextUpdate > now)) {
    violations.push(found("ERR_CRL_NEXT_UPDATE", "nextUpdate", "it lies before thisUpdate or in the past"));
  }
  return violations;
}

function checkEntries(next: Crl, { previous, root, expectedCount, notAfterOf }: PublicationQuestion): Violation[] {
  const violations: Violation[] = [];
  const serials = new Set(next.entries.map(({ serial }) => serial));
  const vanished = (previous?.entries ?? []).filter(({ serial }) => {
    if (serials.has(serial) || previous === undefined) return false;
    return (notAfterOf(serial) ?? root.notAfter) >= previous.thisUpdate;
  });
  for (const { serial } of vanished) {
    const rule = `serial ${serial} is gone, but has not yet been on a CRL issued after its end (RFC 5280, 3.3)`;
    violations.push(found("ERR_CRL_ENTRY_VANISHED", "revokedCertificates", rule));
  }
  if (next.entries.length !== expectedCount) {
    const rule = `${next.entries.length} entries, and the records hold ${expectedCount}`;
    violations.push(found("ERR_CRL_ENTRY_COUNT", "revokedCertificates", rule));
  }
  for (const { serial, revokedAt } of next.entries) {
    if (revokedAt > next.thisUpdate) {
      violations.push(
        found("ERR_CRL_ENTRY_TIME", "revokedCertificates", `serial ${serial} is revoked after thisUpdate`),
      );
    }
  }
  return violations;
}

function checkSize(next: Crl): Violation[] {
  if (next.pem.length <= MAX_CRL_CHARACTERS) return [];
  const rule = `${next.pem.length} characters of PEM, and AWS takes ${MAX_CRL_CHARACTERS}`;
  return [found("ERR_CRL_SIZE", "size", rule)];
}

function checkSecondReading(next: Crl): Violation[] {
  return readsAlike(next)
    ? []
    : [found("ERR_CRL_SECOND_READER", "encoding", "pkijs cannot read it, or reads other times or serials")];
}

function readsAlike(next: Crl): boolean {
  let again: SecondCrlReading;
  try {
    again = readCrlAgain(next.der);
  } catch {
    return false;
  }
  return (
    again.thisUpdate.getTime() === next.thisUpdate.getTime() &&
    again.nextUpdate?.getTime() === next.nextUpdate.getTime() &&
    again.serials.length === next.entries.length &&
    next.entries.every(({ serial }, index) => again.serials[index] === serial)
  );
}

function found(code: ViolationCode, part: string, rule: string): Violation {
  return { code, field: `CRL: ${part}`, rule };
}
