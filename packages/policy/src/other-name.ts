import { quote, type SubjectAlternativeName } from "@capstan/ca-core";

/** What policy needs to know of an otherName. */
export interface OtherName {
  /** Of its type, dotted. */
  readonly oid: string;
  /** The value where it is a text (UTF8String, IA5String or PrintableString); undefined for any other. */
  readonly text: string | undefined;
}

const tags = { oid: 0x06, otherName: 0xa0, value: 0xa0 } as const;
const utf8String = 0x0c;
/** PrintableString and IA5String: both are ASCII, which is UTF-8 too. */
const textTags: ReadonlySet<number> = new Set([utf8String, 0x13, 0x16]);

/**
 * Type and text of an otherName (RFC 5280, 4.2.1.6), which ca-core hands out as hex of its DER after its strict reader has
 * passed it. Undefined for what has not this form, which no rule then allows.
 */
export function readOtherName({ value }: Pick<SubjectAlternativeName, "value">): OtherName | undefined {
  const outer = only(take(bytesOf(value), tags.otherName));
  if (outer === undefined) return undefined;
  const type = take(outer, tags.oid);
  const explicit = only(type === undefined ? undefined : take(type.rest, tags.value));
  if (type === undefined || explicit === undefined) return undefined;
  const oid = formatOid(type.content);
  const inner = take(explicit, explicit[0] ?? -1);
  if (oid === undefined || inner === undefined || inner.rest.length > 0) return undefined;
  return { oid, text: textTags.has(explicit[0] ?? -1) ? decode(inner.content) : undefined };
}

/** For messages: hex of DER says nothing to a reader. */
export function showOtherName(name: OtherName | undefined, value: string): string {
  if (name === undefined) return quote(value);
  return name.text === undefined ? `a value of type ${name.oid}` : `${quote(name.text)} of type ${name.oid}`;
}

/** An otherName whose value is a UTF8String, as hex of its DER; empty for an object identifier that is none. */
export function writeOtherName(oid: string, text: string): string {
  const arcs = oid.split(".").map(Number);
  const [first = 0, second = 0, ...rest] = arcs;
  if (arcs.length < 2 || !arcs.every(Number.isSafeInteger)) return "";
  const type = [first * 40 + second, ...rest].flatMap(writeArc);
  const value = tlv(tags.value, tlv(utf8String, [...new TextEncoder().encode(text)]));
  return tlv(tags.otherName, [...tlv(tags.oid, type), ...value])
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

function writeArc(arc: number): number[] {
  const bytes = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(128 + (rest % 128));
  return bytes;
}

function tlv(tag: number, content: readonly number[]): number[] {
  const { length } = content;
  if (length < 0x80) return [tag, length, ...content];
  return length < 0x100 ? [tag, 0x81, length, ...content] : [tag, 0x82, length >> 8, length & 0xff, ...content];
}

interface Taken {
  readonly content: Uint8Array;
  readonly rest: Uint8Array;
}

/** One definite-length value with a low tag number. */
function take(bytes: Uint8Array, tag: number): Taken | undefined {
  const first = bytes[1];
  if (bytes[0] !== tag || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 2 || (first >= 0x80 && lengthBytes === 0)) return undefined;
  const start = 2 + lengthBytes;
  const length = first < 0x80 ? first : bytes.subarray(2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  if (start + length > bytes.length) return undefined;
  return { content: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) };
}

function only(taken: Taken | undefined): Uint8Array | undefined {
  return taken?.rest.length === 0 ? taken.content : undefined;
}

/** X.690, 8.19. */
function formatOid(content: Uint8Array): string | undefined {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of content) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [first, ...rest] = arcs;
  if (first === undefined || ((content.at(-1) ?? 0) & 0x80) !== 0) return undefined;
  const top = first < 80n ? first / 40n : 2n;
  return [top, first - top * 40n, ...rest].join(".");
}

function decode(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
