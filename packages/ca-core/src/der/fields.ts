import { DerError } from "../errors.ts";
import { toHex } from "../lib/bytes.ts";
import type { DerNode } from "./read.ts";
import { decodeOid } from "./oid.ts";
import { TAG } from "./tag.ts";

/** The members of a SEQUENCE, taken one after another; what is not taken is an error. */
export interface Fields {
  /** The next member, which must be there and have this tag. */
  take(tag: number, what: string): DerNode;
  /** The next member if it has this tag. */
  takeOptional(tag: number): DerNode | undefined;
  /** The next member whatever it is. */
  takeAny(what: string): DerNode;
  /** Fails when a member is left. */
  end(): void;
}

/** Opens a constructed value named `what` in errors. */
export function fieldsOf(node: DerNode, tag: number, what: string): Fields {
  expectTag(node, tag, what);
  const { children } = node;
  let at = 0;
  const takeAny = (member: string): DerNode => {
    const child = children[at];
    if (child === undefined) throw structureError(node.end, `${member} is missing in ${what}`);
    at += 1;
    return child;
  };
  return {
    takeAny,
    take: (memberTag, member) => expectTag(takeAny(member), memberTag, member),
    takeOptional: (memberTag) => {
      const child = children[at];
      if (child?.tag !== memberTag) return undefined;
      at += 1;
      return child;
    },
    end: () => {
      const extra = children[at];
      if (extra !== undefined) throw structureError(extra.start, `${what} has a member that its type does not have`);
    },
  };
}

export function expectTag(node: DerNode, tag: number, what: string): DerNode {
  if (node.tag !== tag) {
    throw structureError(node.start, `${what} must have tag ${hexTag(tag)}, not ${hexTag(node.tag)}`);
  }
  return node;
}

export function structureError(offset: number, rule: string): DerError {
  return new DerError("ERR_DER_STRUCTURE", offset, rule);
}

/** The dotted form of an OBJECT IDENTIFIER. */
export function oidOf(node: DerNode, what: string): string {
  expectTag(node, TAG.oid, what);
  return decodeOid(node.source, node.contentStart, node.end);
}

/** A BOOLEAN DEFAULT FALSE that may be absent: DER forbids to write the default (X.690, 11.5). */
export function takeDefaultFalse(fields: Fields): boolean {
  const node = fields.takeOptional(TAG.boolean);
  if (node === undefined) return false;
  if (node.source[node.contentStart] === 0) {
    throw new DerError(
      "ERR_DER_DEFAULT_ENCODED",
      node.start,
      "FALSE is the default and must be left out (X.690, 11.5)",
    );
  }
  return true;
}

/** The octets of a BIT STRING that holds whole octets: keys and signatures. */
export function wholeOctetsOf(node: DerNode, what: string): Uint8Array {
  expectTag(node, TAG.bitString, what);
  if (node.source[node.contentStart] !== 0) {
    throw new DerError("ERR_DER_BIT_STRING", node.contentStart, `${what} must be whole octets`);
  }
  return node.source.subarray(node.contentStart + 1, node.end);
}

/** The positions of the bits that are set in a BIT STRING with named bits, which must not end in zeros (X.690, 11.2.2). */
export function namedBitsOf(node: DerNode, what: string): number[] {
  expectTag(node, TAG.bitString, what);
  const unused = node.source[node.contentStart] ?? 0;
  const octets = node.source.subarray(node.contentStart + 1, node.end);
  const count = octets.length * 8 - unused;
  const bits: number[] = [];
  for (let bit = 0; bit < count; bit += 1) if (((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0) bits.push(bit);
  if (count > 0 && bits.at(-1) !== count - 1) {
    throw new DerError("ERR_DER_BIT_STRING", node.contentStart, `${what} ends in zero bits (X.690, 11.2.2)`);
  }
  return bits;
}

/** A non-negative INTEGER. */
export function unsignedOf(node: DerNode, what: string): bigint {
  expectTag(node, TAG.integer, what);
  const content = node.source.subarray(node.contentStart, node.end);
  if ((content[0] ?? 0) >= 0x80) throw structureError(node.contentStart, `${what} is negative`);
  return BigInt(`0x${toHex(content)}`);
}

function hexTag(tag: number): string {
  return `0x${tag.toString(16).padStart(2, "0")}`;
}
