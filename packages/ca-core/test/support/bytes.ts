import { readDer } from "../../src/der/read.ts";
import { sequence } from "../../src/der/write.ts";

export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

/** One octet per character. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

/** Adds a member to a SEQUENCE. */
export function appendMember(der: Uint8Array, member: Uint8Array): Uint8Array {
  return sequence(...readDer(der).children.map((child) => child.source.subarray(child.start, child.end)), member);
}
