import { DerError } from "../errors.ts";
import { contentOf, type DerNode } from "./read.ts";
import { TAG } from "./tag.ts";

const FORMS = {
  [TAG.utcTime]: /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/,
  [TAG.generalizedTime]: /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/,
} as const;

/**
 * A Time in the one form that RFC 5280 (4.1.2.5) leaves: UTCTime through 2049, GeneralizedTime from 2050, seconds
 * present, Z, no fraction, and a date that exists.
 */
export function readTime(node: DerNode): Date {
  const fail = (rule: string): DerError => new DerError("ERR_DER_TIME", node.start, `${rule} (RFC 5280, 4.1.2.5)`);
  if (node.tag !== TAG.utcTime && node.tag !== TAG.generalizedTime)
    throw fail("a time must be UTCTime or GeneralizedTime");
  const match = FORMS[node.tag].exec(Buffer.from(contentOf(node)).toString("latin1"));
  if (match === null) throw fail("a time must have seconds, end in Z and have no fraction");
  const [shownYear = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const year = node.tag === TAG.generalizedTime ? shownYear : shownYear + (shownYear < 50 ? 2000 : 1900);
  if (node.tag === TAG.generalizedTime && year < 2050) throw fail("years before 2050 must be UTCTime");
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
  if (!exists || date.getUTCMinutes() !== minute || date.getUTCSeconds() !== second) throw fail("no such date");
  return date;
}
