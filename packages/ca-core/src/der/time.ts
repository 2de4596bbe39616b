import { DerError } from "../errors.ts";
import { contentOf, type DerNode } from "./read.ts";
import { TAG } from "./tag.ts";

/** Of YYMMDDhhmmssZ and YYYYMMDDhhmmssZ. */
const YEAR_DIGITS = { [TAG.utcTime]: 2, [TAG.generalizedTime]: 4 } as const;

/**
 * A Time in the one form that RFC 5280 (4.1.2.5) leaves: UTCTime through 2049, GeneralizedTime from 2050, seconds
 * present, Z, no fraction, and a date that exists.
 */
export function readTime(node: DerNode): Date {
  const fail = (rule: string): DerError => new DerError("ERR_DER_TIME", node.start, `${rule} (RFC 5280, 4.1.2.5)`);
  if (node.tag !== TAG.utcTime && node.tag !== TAG.generalizedTime)
    throw fail("a time must be UTCTime or GeneralizedTime");
  const yearDigits = YEAR_DIGITS[node.tag];
  const content = contentOf(node);
  const end = yearDigits + 10;
  if (content.length !== end + 1 || content[end] !== LETTER_Z || !content.subarray(0, end).every(isDigit)) {
    throw fail("a time must have seconds, end in Z and have no fraction");
  }
  /** The two digits that begin so many places after the year. */
  const pair = (at: number): number => twoDigits(content, yearDigits + at);
  const lastTwo = pair(-2);
  const year =
    node.tag === TAG.generalizedTime ? twoDigits(content, 0) * 100 + lastTwo : lastTwo + (lastTwo < 50 ? 2000 : 1900);
  if (node.tag === TAG.generalizedTime && year < 2050) throw fail("years before 2050 must be UTCTime");
  const [month, day, hour, minute, second] = [pair(0), pair(2), pair(4), pair(6), pair(8)];
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
  if (!exists || date.getUTCMinutes() !== minute || date.getUTCSeconds() !== second) throw fail("no such date");
  return date;
}

const DIGIT_0 = 0x30;
const LETTER_Z = 0x5a;

function isDigit(octet: number): boolean {
  return octet >= DIGIT_0 && octet <= DIGIT_0 + 9;
}

function twoDigits(content: Uint8Array, at: number): number {
  return ((content[at] ?? 0) - DIGIT_0) * 10 + (content[at + 1] ?? 0) - DIGIT_0;
}
