import type { SerialHex } from "../certificate/serial.ts";
import { SIGNING_HASH } from "../keys/algorithms.ts";
import { assertSignatureForm, verifySignature } from "../keys/signature.ts";
import { lintCrl } from "../lint/crl/lint-crl.ts";
import { rootKeyObject, type Root } from "../root/root.ts";
import type { Violation, ViolationCode } from "../violation.ts";
import { readCrlAgain, type SecondReaderOptions } from "../x509/second-reading.ts";
import { MAX_CRL_CHARACTERS, type Crl } from "./crl.ts";
import { mayDropEntry } from "./may-drop-entry.ts";
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
 * The last look at a CRL before it replaces another. Everything that it finds forbids publication: what the lint finds
 * (another issuer, key or algorithm, entries that RFC 5280 does not allow); a signature that does not verify; number or
 * thisUpdate not above the previous ones; times that do not fit the clock; a count that is not our records'; more than
 * AWS takes; a second reader (pkijs, in a worker that always ends) that reads something else or nothing in time; and,
 * first of all, an entry of the previous CRL that is gone too early: see `mayDropEntry`.
 *
 * @throws DerError, PemError, CaError ERR_CRL_PROFILE, ERR_CRL_NUMBER, ERR_SERIAL when `next` is no CRL of our form
 *
 * @example
 * const violations = await checkCrlBeforePublication({
 *   next: crl.pem,
 *   previous: published,
 *   root,
 *   now,
 *   expectedCount: records.size,
 *   notAfterOf: (serial) => records.get(serial)?.notAfter,
 * });
 * if (violations.length > 0) throw new Error(formatViolations(violations));
 */
export async function checkCrlBeforePublication(
  question: PublicationQuestion,
  secondReader: SecondReaderOptions = {},
): Promise<readonly Violation[]> {
  const next = readCrl(question.next);
  const { root } = question;
  return [
    ...lintCrl({ der: next.der, root }).map(({ rule, code, fault }) => found(code, rule, fault)),
    ...(hasValidSignature(next, root)
      ? []
      : [found("ERR_CRL_SIGNATURE", "signature", "the signature does not verify with the root's key")]),
    ...checkTimes(next, question),
    ...checkEntries(next, question),
    ...checkSize(next),
    ...(await checkSecondReading(next, secondReader)),
  ];
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
  if (!(next.nextUpdate > now)) {
    violations.push(found("ERR_CRL_NEXT_UPDATE", "nextUpdate", "it lies in the past"));
  }
  return violations;
}

function checkEntries(next: Crl, { previous, root, expectedCount, notAfterOf }: PublicationQuestion): Violation[] {
  const violations: Violation[] = [];
  for (const serial of previous?.entries.missingIn(next.entries) ?? []) {
    if (mayDropEntry({ notAfter: notAfterOf(serial) ?? root.notAfter, listedAt: previous?.thisUpdate })) continue;
    const rule = `serial ${serial} is gone, but has not yet been on a CRL issued after its end (RFC 5280, 3.3)`;
    violations.push(found("ERR_CRL_ENTRY_VANISHED", "revokedCertificates", rule));
  }
  if (next.entries.size !== expectedCount) {
    const rule = `${next.entries.size} entries, and the records hold ${expectedCount}`;
    violations.push(found("ERR_CRL_ENTRY_COUNT", "revokedCertificates", rule));
  }
  return violations;
}

function checkSize(next: Crl): Violation[] {
  if (next.pem.length <= MAX_CRL_CHARACTERS) return [];
  const rule = `${next.pem.length} characters of PEM, and AWS takes ${MAX_CRL_CHARACTERS}`;
  return [found("ERR_CRL_SIZE", "size", rule)];
}

async function checkSecondReading(next: Crl, options: SecondReaderOptions): Promise<Violation[]> {
  let fault: string | undefined;
  try {
    const again = await readCrlAgain(next.der, options);
    if (!readsAlike(next, again)) fault = "pkijs reads other times or serials in it";
  } catch (error) {
    fault = `pkijs cannot read it: ${error instanceof Error ? error.message : String(error)}`;
  }
  return fault === undefined ? [] : [found("ERR_CRL_SECOND_READER", "encoding", fault)];
}

function readsAlike(next: Crl, again: Awaited<ReturnType<typeof readCrlAgain>>): boolean {
  const { serials } = again;
  let index = 0;
  for (const { serial } of next.entries) if (serials[index++] !== serial) return false;
  return (
    serials.length === index &&
    again.thisUpdate.getTime() === next.thisUpdate.getTime() &&
    again.nextUpdate?.getTime() === next.nextUpdate.getTime()
  );
}

function found(code: ViolationCode, part: string, rule: string): Violation {
  return { code, field: `CRL: ${part}`, rule };
}
