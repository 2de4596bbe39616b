import { CaError } from "../errors.ts";
import { quote } from "../lib/quote.ts";

/**
 * The number of a CRL: "a monotonically increasing sequence number for a given CRL scope and CRL issuer"
 * (RFC 5280, 5.2.3), at most 20 octets. Only `nextCrlNumber` makes a new one.
 */
export type CrlNumber = bigint & { readonly __brand: "CrlNumber" };

const MAX = 2n ** 159n - 1n;

/**
 * Above what our own state and AWS hold, and above the clock, so that it keeps rising when the state is restored from a
 * backup. Store it before signing: gaps are harmless, a repeat never is.
 *
 * While it is not known what AWS holds, leave the clock out: a CRL that is made of a state that was restored from a backup
 * must show as older than the one in AWS, or it would take its place.
 *
 * @throws CaError ERR_CRL_NUMBER when the numbers are used up or the clock gives no time
 *
 * @example
 * nextCrlNumber({ now, stored: parseCrlNumber("41") }) > 41n // true
 */
export function nextCrlNumber(known: {
  readonly stored?: CrlNumber | undefined;
  /** As read back from AWS. */
  readonly readBack?: CrlNumber | undefined;
  readonly now: Date | undefined;
}): CrlNumber {
  const now = known.now?.getTime() ?? 0;
  if (!(now >= 0)) throw new CaError("ERR_CRL_NUMBER", "the clock gives no time");
  const highest = [known.stored ?? 0n, known.readBack ?? 0n, BigInt(Math.floor(now))].reduce((a, b) => (a > b ? a : b));
  return crlNumberOf(highest + 1n);
}

/**
 * From the decimal text that state is kept in.
 *
 * @throws CaError ERR_CRL_NUMBER
 *
 * @example
 * parseCrlNumber("41") === 41n // true
 */
export function parseCrlNumber(text: string): CrlNumber {
  if (!/^(0|[1-9]\d{0,48})$/.test(text))
    throw new CaError("ERR_CRL_NUMBER", `CRL number ${quote(text)}: not a decimal number`);
  return crlNumberOf(BigInt(text));
}

/** @throws CaError ERR_CRL_NUMBER beyond 20 octets */
export function crlNumberOf(value: bigint): CrlNumber {
  if (value < 0n || value > MAX)
    throw new CaError("ERR_CRL_NUMBER", "a CRL number has at most 20 octets (RFC 5280, 5.2.3)");
  return value as CrlNumber;
}
