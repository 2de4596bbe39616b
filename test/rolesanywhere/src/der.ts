/** Bytes that are not the DER they should be. `message` names the place and the rule of X.690. */
export class DerError extends Error {
  readonly code = "ERR_DER";

  constructor(message: string) {
    super(message);
    this.name = "DerError";
  }
}

/** Identifier octets of the universal types this package reads, and the context tags as functions. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Context-specific, primitive: `[n] IMPLICIT` of a primitive type. */
export const contextPrimitive = (n: number): number => 0x80 | n;

/** Context-specific, constructed: `[n] EXPLICIT`, or `[n] IMPLICIT` of a constructed type. */
export const contextConstructed = (n: number): number => 0xa0 | n;

/** One element: `bytes` is all of it, `content` what follows the length octets. Both are views, not copies. */
export interface Element {
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
}

/** Reads the elements inside one constructed value in order, refusing whatever is not canonical (X.690, 8.1 and 10.1). */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #at: string;
  #offset = 0;

  /** `at` names the value in error messages, for example `Certificate.tbsCertificate`. */
  constructor(bytes: Uint8Array, at: string) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** The next element's tag, undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#offset];
  }

  /** The next element, which must have this tag when one is given. */
  next(tag?: number): Element {
    const start = this.#offset;
    const found = this.#octet();
    if (tag !== undefined && found !== tag) {
      throw this.#error(`tag 0x${hex(found)} where 0x${hex(tag)} belongs`);
    }
    if ((found & 0x1f) === 0x1f) throw this.#error("a tag of several octets");
    const length = this.#length();
    const contentStart = this.#offset;
    const end = contentStart + length;
    if (end > this.#bytes.length) throw this.#error("an element that ends outside its parent");
    this.#offset = end;
    return {
      tag: found,
      bytes: this.#bytes.subarray(start, end),
      content: this.#bytes.subarray(contentStart, end),
    };
  }

  /** The next element if it has this tag. */
  optional(tag: number): Element | undefined {
    return this.peek() === tag ? this.next(tag) : undefined;
  }

  /** A reader over the next element's content. */
  enter(tag: number, name: string): DerReader {
    return new DerReader(this.next(tag).content, `${this.#at}.${name}`);
  }

  /** Refuses anything left over. */
  end(): void {
    if (!this.done) throw this.#error("trailing bytes");
  }

  #octet(): number {
    const octet = this.#bytes[this.#offset];
    if (octet === undefined) throw this.#error("the end of the bytes where an element belongs");
    this.#offset += 1;
    return octet;
  }

  #length(): number {
    const first = this.#octet();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0) throw this.#error("an indefinite length");
    if (count > 4) throw this.#error("a length of more than four octets");
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#octet();
    if (length < 0x80 || length < 256 ** (count - 1)) throw this.#error("a length that is not minimal");
    return length;
  }

  #error(found: string): DerError {
    return new DerError(`${this.#at}: ${found} at offset ${this.#offset}`);
  }
}

/** The one element that these bytes are. */
export function readSingle(bytes: Uint8Array, tag: number, at: string): Element {
  const reader = new DerReader(bytes, at);
  const element = reader.next(tag);
  reader.end();
  return element;
}

/** A reader over the content of the one SEQUENCE that these bytes are. */
export function readSequence(bytes: Uint8Array, at: string): DerReader {
  return new DerReader(readSingle(bytes, TAG.sequence, at).content, at);
}

/** An INTEGER's content as a number, refused when not minimal (X.690, 8.3.2). */
export function integerValue(content: Uint8Array, at: string): bigint {
  const [first, second] = content;
  if (first === undefined) throw new DerError(`${at}: an INTEGER without octets`);
  if (second !== undefined && ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new DerError(`${at}: an INTEGER that is not minimal`);
  }
  const unsigned = content.reduce((value, octet) => value * 256n + BigInt(octet), 0n);
  return first >= 0x80 ? unsigned - 256n ** BigInt(content.length) : unsigned;
}

/** TRUE is FF and FALSE is 00 (X.690, 11.1). */
export function booleanValue(content: Uint8Array, at: string): boolean {
  if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff)) {
    throw new DerError(`${at}: a BOOLEAN that is neither 00 nor FF`);
  }
  return content[0] === 0xff;
}

/** The octets of a BIT STRING that has no unused bits, as signatures and keys are. */
export function bitStringOctets(content: Uint8Array, at: string): Uint8Array {
  if (content[0] !== 0) throw new DerError(`${at}: a BIT STRING with unused bits where octets belong`);
  return content.subarray(1);
}

/** The set bits of a named BIT STRING, first bit 0; unused bits must be zero and trailing zeros left out (X.690, 11.2). */
export function namedBits(content: Uint8Array, at: string): ReadonlySet<number> {
  const unused = content[0];
  const last = content.at(-1);
  if (unused === undefined || unused > 7 || last === undefined || (content.length === 1 && unused !== 0)) {
    throw new DerError(`${at}: a malformed BIT STRING`);
  }
  if (content.length > 1 && ((last >> unused) & 1) === 0) {
    throw new DerError(`${at}: a named BIT STRING with trailing zeros`);
  }
  if (content.length > 1 && (last & ((1 << unused) - 1)) !== 0) {
    throw new DerError(`${at}: a BIT STRING whose unused bits are not zero`);
  }
  const bits = new Set<number>();
  content.subarray(1).forEach((octet, index) => {
    for (let bit = 0; bit < 8; bit++) if ((octet & (0x80 >> bit)) !== 0) bits.add(index * 8 + bit);
  });
  return bits;
}

/** An OBJECT IDENTIFIER in dotted form (X.690, 8.19). */
export function oidValue(content: Uint8Array, at: string): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  let started = false;
  for (const octet of content) {
    if (!started && octet === 0x80) throw new DerError(`${at}: an OBJECT IDENTIFIER arc that is not minimal`);
    arc = arc * 128n + BigInt(octet & 0x7f);
    started = octet >= 0x80;
    if (!started) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const [first, ...rest] = arcs;
  if (started || first === undefined) throw new DerError(`${at}: an OBJECT IDENTIFIER that ends early`);
  const root = first < 40n ? 0n : first < 80n ? 1n : 2n;
  return [root, first - root * 40n, ...rest].join(".");
}

/** A Time as RFC 5280, 4.1.2.5 writes it: UTCTime through 2049, GeneralizedTime after, seconds and `Z`, no fraction. */
export function timeValue(element: Element, at: string): Date {
  const text = latin1(element.content);
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  const yearDigits = element.tag === TAG.utcTime ? 2 : 4;
  if ((element.tag !== TAG.utcTime && element.tag !== TAG.generalizedTime) || match?.[1]?.length !== yearDigits) {
    throw new DerError(`${at}: a time that is not written as RFC 5280 demands`);
  }
  const [, yearText, month, day, hour, minute, second] = match;
  const shortYear = Number(yearText);
  const year = yearDigits === 4 ? shortYear : shortYear < 50 ? 2000 + shortYear : 1900 + shortYear;
  if (yearDigits === 4 && year < 2050) throw new DerError(`${at}: GeneralizedTime before 2050`);
  const iso = `${String(year)}-${String(month)}-${String(day)}T${String(hour)}:${String(minute)}:${String(second)}`;
  const time = new Date(`${iso}.000Z`);
  if (Number.isNaN(time.getTime()) || !time.toISOString().startsWith(iso)) {
    throw new DerError(`${at}: a time that does not exist`);
  }
  return time;
}

/** The text of one of the directory string types, or of an IA5String. */
export function stringValue(element: Element, at: string): string {
  switch (element.tag) {
    case TAG.utf8String:
      return decodeUtf8(element.content, at);
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.teletexString:
      return latin1(element.content);
    case TAG.bmpString:
      if (element.content.length % 2 !== 0) throw new DerError(`${at}: a BMPString of half a character`);
      return Buffer.from(element.content).swap16().toString("utf16le");
    default:
      throw new DerError(`${at}: a string of type 0x${hex(element.tag)}`);
  }
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

function decodeUtf8(bytes: Uint8Array, at: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DerError(`${at}: a UTF8String that is not UTF-8`);
  }
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, "0");
}
