import { encodeOid } from "./oid.ts";
import { TAG, contextConstructed } from "./tag.ts";

/** Bounds of every date that this package writes: outside them a clock or a caller is wrong. */
const EARLIEST = Date.UTC(2000, 0, 1);
const FIRST_GENERALIZED = Date.UTC(2050, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);

const UTF8 = new TextEncoder();

/** Tag, shortest length, and the parts one after another (X.690, 10.1). */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return tlvOfList(tag, parts);
}

/** As tlv, for more parts than a call can have arguments. */
export function tlvOfList(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  let at = headerLength(length);
  const out = new Uint8Array(at + length);
  writeHeader(out, tag, length);
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Identifier and length octets in front of `length` octets of content. */
export function header(tag: number, length: number): Uint8Array {
  const out = new Uint8Array(headerLength(length));
  writeHeader(out, tag, length);
  return out;
}

function headerLength(length: number): number {
  let octets = 2;
  if (length >= 0x80) for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets += 1;
  return octets;
}

/** Into the first octets of `out`. */
function writeHeader(out: Uint8Array, tag: number, length: number): void {
  out[0] = tag;
  if (length < 0x80) {
    out[1] = length;
    return;
  }
  const octets = headerLength(length) - 2;
  out[1] = 0x80 | octets;
  for (let at = octets + 1, rest = length; at > 1; at -= 1, rest = Math.floor(rest / 256)) out[at] = rest % 256;
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return tlv(TAG.sequence, ...parts);
}

/** SET OF: sorts its elements (X.690, 11.6). */
export function setOf(...elements: readonly Uint8Array[]): Uint8Array {
  return tlv(TAG.set, ...elements.toSorted((a, b) => Buffer.compare(a, b)));
}

/** A non-negative INTEGER in its shortest form, from big-endian octets. */
export function unsignedInteger(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start += 1;
  const shortest = magnitude.subarray(start);
  const needsSign = shortest.length === 0 || (shortest[0] ?? 0) >= 0x80;
  return needsSign ? tlv(TAG.integer, Uint8Array.of(0), shortest) : tlv(TAG.integer, shortest);
}

/** For constants of this package and what the strict reader has read; the result is shared: not to be written to. */
export function objectIdentifier(dotted: string): Uint8Array {
  const known = ENCODED.get(dotted);
  if (known !== undefined) return known;
  const encoded = tlv(TAG.oid, encodeOid(dotted));
  if (ENCODED.size < MAX_ENCODED) ENCODED.set(dotted, encoded);
  return encoded;
}

/** A leaf holds about a dozen, nearly always the same. */
const ENCODED = new Map<string, Uint8Array>();
const MAX_ENCODED = 256;

export function octetString(content: Uint8Array): Uint8Array {
  return tlv(TAG.octetString, content);
}

/** A BIT STRING of whole octets: keys and signatures. */
export function bitString(content: Uint8Array): Uint8Array {
  return tlv(TAG.bitString, Uint8Array.of(0), content);
}

/** A BIT STRING with named bits: bit n is `bits.includes(n)`, trailing zeros are cut (X.690, 11.2.2). */
export function namedBits(bits: readonly number[]): Uint8Array {
  if (bits.length === 0) return tlv(TAG.bitString, Uint8Array.of(0));
  const highest = Math.max(...bits);
  const octets = new Uint8Array(Math.floor(highest / 8) + 1);
  for (const bit of bits) octets[Math.floor(bit / 8)] = (octets[Math.floor(bit / 8)] ?? 0) | (0x80 >> (bit % 8));
  return tlv(TAG.bitString, Uint8Array.of(7 - (highest % 8)), octets);
}

/** BOOLEAN TRUE. There is no FALSE: in X.509 it is always the default, which DER leaves out. */
export const DER_TRUE: Uint8Array = Uint8Array.of(TAG.boolean, 1, 0xff);

export const DER_NULL: Uint8Array = Uint8Array.of(TAG.null, 0);

/** Text in the given string type. The caller has checked that the type can hold it. */
export function stringOf(
  tag: typeof TAG.utf8String | typeof TAG.printableString | typeof TAG.ia5String,
  text: string,
): Uint8Array {
  return tlv(tag, UTF8.encode(text));
}

/** [n] EXPLICIT, or [n] IMPLICIT over a SEQUENCE or SET OF. */
export function tagged(n: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return tlv(contextConstructed(n), ...parts);
}

/**
 * A Time as RFC 5280 (4.1.2.5) has it; milliseconds are cut off.
 * @throws RangeError for a date that does not exist or lies outside 2000-2099
 */
export function time(date: Date): Uint8Array {
  const instant = date.getTime();
  if (!(instant >= EARLIEST && instant < LATEST)) throw new RangeError("date outside the years 2000 to 2099");
  const isShort = instant < FIRST_GENERALIZED;
  const out = new Uint8Array(isShort ? 15 : 17);
  out[0] = isShort ? TAG.utcTime : TAG.generalizedTime;
  out[1] = out.length - 2;
  const year = date.getUTCFullYear();
  let at = 2;
  const writeTwoDigits = (value: number): void => {
    out[at] = 0x30 + Math.floor(value / 10);
    out[at + 1] = 0x30 + (value % 10);
    at += 2;
  };
  if (!isShort) writeTwoDigits(Math.floor(year / 100));
  writeTwoDigits(year % 100);
  writeTwoDigits(date.getUTCMonth() + 1);
  writeTwoDigits(date.getUTCDate());
  writeTwoDigits(date.getUTCHours());
  writeTwoDigits(date.getUTCMinutes());
  writeTwoDigits(date.getUTCSeconds());
  out[at] = 0x5a; // Z
  return out;
}
