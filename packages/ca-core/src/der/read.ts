import { DerError } from "../errors.ts";
import { decodeOid } from "./oid.ts";
import { TAG } from "./tag.ts";

/** One value of a DER tree. Offsets count from the start of `source`; nothing is copied. */
export interface DerNode {
  /** The identifier octet as it stands, e.g. 0x30 for SEQUENCE, 0xa0 for a constructed [0]. */
  readonly tag: number;
  readonly source: Uint8Array;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
  /** Empty for primitive values. */
  readonly children: readonly DerNode[];
}

export interface DerLimits {
  /** Levels of nesting; a value that stands alone has depth 1. */
  readonly maxDepth: number;
  readonly maxNodes: number;
  readonly maxBytes: number;
}

/** Enough for every certificate and request that this package accepts. CRLs need more nodes. */
export const DEFAULT_DER_LIMITS: DerLimits = { maxDepth: 12, maxNodes: 1_000, maxBytes: 8_192 };

/**
 * Reads exactly one value in the distinguished encoding (X.690, clauses 8, 10 and 11) and refuses everything else:
 * indefinite or padded lengths, trailing bytes at any level, constructed strings, unsorted sets, padded integers and
 * object identifiers, high tag numbers. Strings and times are checked where they are interpreted.
 *
 * @throws DerError naming rule and byte offset
 */
export function readDer(bytes: Uint8Array, limits: Partial<DerLimits> = {}): DerNode {
  const { maxDepth, maxNodes, maxBytes } = { ...DEFAULT_DER_LIMITS, ...limits };
  assertDerSize(bytes, maxBytes);
  return new Reader(bytes, maxDepth, maxNodes).readOnly(0, bytes.length);
}

/** At least one byte, and at most so many. @throws DerError ERR_DER_EMPTY, ERR_DER_SIZE */
export function assertDerSize(bytes: Uint8Array, maxBytes: number): void {
  if (bytes.length === 0) throw new DerError("ERR_DER_EMPTY", 0, "there are no bytes");
  if (bytes.length > maxBytes) {
    throw new DerError("ERR_DER_SIZE", 0, `${bytes.length} bytes, at most ${maxBytes} are accepted`);
  }
}

/** Reads `source[start, end)` as exactly one value, as `readDer` does. Offsets still count from the start of `source`. */
export function readDerAt(source: Uint8Array, start: number, end: number): DerNode {
  const { maxDepth, maxNodes } = DEFAULT_DER_LIMITS;
  return new Reader(source, maxDepth, maxNodes).readOnly(start, end);
}

/**
 * Reads the value that begins at `start` and ends at `limit` or before, but not what is inside a constructed one: its
 * `children` stay empty. For lists too long for a tree, which are walked value by value. All other rules of `readDer`
 * hold.
 */
export function readDerShallow(source: Uint8Array, start: number, limit: number): DerNode {
  return readHead(source, { start, limit, into: newHead() });
}

/**
 * Reads value after value as `readDerShallow` does, into one node: nothing is allocated, however many there are.
 *
 * @returns A function whose result is overwritten by its next call.
 */
export function shallowReader(source: Uint8Array): (start: number, limit: number) => DerNode {
  const into = newHead();
  const place = { start: 0, limit: 0, into };
  return (start, limit) => {
    place.start = start;
    place.limit = limit;
    return readHead(source, place);
  };
}

/** Reads the content of an OCTET STRING or BIT STRING (after its count of unused bits) as exactly one DER value. */
export function readDerInside(node: DerNode, limits: Partial<DerLimits> = {}): DerNode {
  const { maxDepth, maxNodes } = { ...DEFAULT_DER_LIMITS, ...limits };
  const start = node.tag === TAG.bitString ? node.contentStart + 1 : node.contentStart;
  if (start === node.end) throw new DerError("ERR_DER_EMPTY", start, "the string holds no value");
  return new Reader(node.source, maxDepth, maxNodes).readOnly(start, node.end);
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #maxDepth: number;
  readonly #maxNodes: number;
  #nodes = 0;

  constructor(bytes: Uint8Array, maxDepth: number, maxNodes: number) {
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
    this.#maxNodes = maxNodes;
  }

  readOnly(start: number, end: number): DerNode {
    const node = this.#read(start, end, 1);
    if (node.end !== end) throw new DerError("ERR_DER_TRAILING", node.end, "bytes follow the value");
    return node;
  }

  #read(start: number, limit: number, depth: number): DerNode {
    if (depth > this.#maxDepth) {
      throw new DerError("ERR_DER_DEPTH", start, `nested deeper than ${this.#maxDepth} levels`);
    }
    this.#nodes += 1;
    if (this.#nodes > this.#maxNodes) {
      throw new DerError("ERR_DER_NODES", start, `more than ${this.#maxNodes} values`);
    }
    const node = readHead(this.#bytes, { start, limit, into: newHead() });
    if ((node.tag & 0x20) !== 0) node.children = this.#readChildren(node.contentStart, node.end, depth);
    if (node.tag === TAG.set) assertSetOf(node.children);
    return node;
  }

  #readChildren(start: number, end: number, depth: number): DerNode[] {
    const children: DerNode[] = [];
    for (let at = start; at < end;) {
      const child = this.#read(at, end, depth + 1);
      children.push(child);
      at = child.end;
    }
    return children;
  }
}

type Head = { -readonly [field in keyof DerNode]: DerNode[field] };

function newHead(): Head {
  return { tag: 0, source: NO_BYTES, start: 0, contentStart: 0, end: 0, children: NO_CHILDREN };
}

/** Tag and length, and, of a primitive value, the content. */
function readHead(
  source: Uint8Array,
  { start, limit, into }: { readonly start: number; readonly limit: number; readonly into: Head },
): Head {
  if (start >= limit) throw new DerError("ERR_DER_TRUNCATED", start, "a value is missing");
  into.source = source;
  into.start = start;
  into.tag = readTag(source, start);
  readLength(into, limit);
  CONTENT_RULES[into.tag]?.(into);
  return into;
}

function readTag(source: Uint8Array, at: number): number {
  const tag = source[at];
  if (tag === undefined) throw new DerError("ERR_DER_TRUNCATED", at, "a tag is missing");
  if ((tag & 0x1f) === 0x1f) throw new DerError("ERR_DER_TAG_HIGH", at, "tag numbers above 30 are not used in X.509");
  if ((tag & 0xc0) === 0x80) return tag; // context-specific: its form is for the structure to judge
  if (UNIVERSAL.has(tag)) return tag;
  if (UNIVERSAL.has(tag ^ 0x20)) {
    throw (tag & 0x20) === 0
      ? new DerError("ERR_DER_TAG_PRIMITIVE", at, "SEQUENCE and SET must be constructed (X.690, 8.9.1)")
      : new DerError("ERR_DER_TAG_CONSTRUCTED", at, "only SEQUENCE and SET may be constructed (X.690, 10.2)");
  }
  throw new DerError("ERR_DER_TAG_UNSUPPORTED", at, `tag 0x${tag.toString(16).padStart(2, "0")} is not used in X.509`);
}

/** Sets where the content begins and ends. */
function readLength(into: Head, limit: number): void {
  const { source } = into;
  const at = into.start + 1;
  const first = at < limit ? source[at] : undefined;
  if (first === undefined) throw new DerError("ERR_DER_TRUNCATED", at, "a length is missing");
  if (first === 0x80) throw new DerError("ERR_DER_LENGTH_INDEFINITE", at, "indefinite length (X.690, 10.1)");
  let contentStart = at + 1;
  let length = first;
  if (first > 0x80) {
    const octets = first & 0x7f;
    if (octets > 4) throw new DerError("ERR_DER_LENGTH_TOO_LONG", at, "length of more than four octets");
    length = 0;
    for (let i = 0; i < octets; i += 1) {
      const octet = contentStart < limit ? source[contentStart] : undefined;
      if (octet === undefined) throw new DerError("ERR_DER_TRUNCATED", contentStart, "a length is cut off");
      length = length * 256 + octet;
      contentStart += 1;
    }
    if (length < 0x80 || length < 256 ** (octets - 1)) {
      throw new DerError("ERR_DER_LENGTH_NOT_MINIMAL", at, "length is not in its shortest form (X.690, 10.1)");
    }
  }
  if (length > limit - contentStart) {
    throw new DerError("ERR_DER_LENGTH_PAST_END", at, `length ${length} reaches past the end`);
  }
  into.contentStart = contentStart;
  into.end = contentStart + length;
}

const NO_BYTES: Uint8Array = new Uint8Array();
const NO_CHILDREN: readonly DerNode[] = [];
const UNIVERSAL: ReadonlySet<number> = new Set(Object.values(TAG));

const CONTENT_RULES: { readonly [tag: number]: (node: DerNode) => void } = {
  [TAG.boolean]: assertBoolean,
  [TAG.integer]: assertInteger,
  [TAG.enumerated]: assertInteger,
  [TAG.bitString]: assertBitString,
  [TAG.null]: assertNull,
  [TAG.oid]: (node) => void decodeOid(node.source, node.contentStart, node.end),
};

function assertBoolean({ source, contentStart, end }: DerNode): void {
  const value = source[contentStart];
  if (end - contentStart !== 1 || (value !== 0x00 && value !== 0xff)) {
    throw new DerError("ERR_DER_BOOLEAN", contentStart, "BOOLEAN must be the one octet 00 or FF (X.690, 11.1)");
  }
}

function assertInteger({ source, contentStart, end }: DerNode): void {
  if (contentStart === end)
    throw new DerError("ERR_DER_INTEGER", contentStart, "INTEGER without content (X.690, 8.3.1)");
  const first = source[contentStart] ?? 0;
  const second = source[contentStart + 1] ?? 0;
  const padded = end - contentStart > 1 && ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80));
  if (padded) throw new DerError("ERR_DER_INTEGER", contentStart, "INTEGER is not in its shortest form (X.690, 8.3.2)");
}

function assertBitString({ source, contentStart, end }: DerNode): void {
  const unused = source[contentStart];
  if (contentStart === end || unused === undefined || unused > 7 || (unused > 0 && end - contentStart === 1)) {
    throw new DerError(
      "ERR_DER_BIT_STRING",
      contentStart,
      "BIT STRING has a wrong count of unused bits (X.690, 8.6.2)",
    );
  }
  if (((source[end - 1] ?? 0) & ((1 << unused) - 1)) !== 0 && unused > 0) {
    throw new DerError("ERR_DER_BIT_STRING", end - 1, "unused bits of a BIT STRING must be zero (X.690, 11.2.1)");
  }
}

function assertNull({ contentStart, end }: DerNode): void {
  if (contentStart !== end) throw new DerError("ERR_DER_NULL", contentStart, "NULL has content (X.690, 8.8.2)");
}

/** The order of a SET OF (X.690, 11.6). Called for [n] IMPLICIT SET OF by the structures that have one. */
export function assertSetOf(children: readonly DerNode[]): void {
  for (let i = 1; i < children.length; i += 1) {
    const [previous, current] = [children[i - 1], children[i]];
    if (previous === undefined || current === undefined) continue;
    const order = Buffer.compare(encodingOf(previous), encodingOf(current));
    if (order === 0) throw new DerError("ERR_DER_SET_DUPLICATE", current.start, "a SET holds the same value twice");
    if (order > 0) throw new DerError("ERR_DER_SET_ORDER", current.start, "SET OF is not sorted (X.690, 11.6)");
  }
}

/** The whole encoding, tag and length included: a view, not a copy. */
export function encodingOf(node: DerNode): Uint8Array {
  return node.source.subarray(node.start, node.end);
}

/** What follows tag and length: a view, not a copy. */
export function contentOf(node: DerNode): Uint8Array {
  return node.source.subarray(node.contentStart, node.end);
}
