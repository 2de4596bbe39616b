import { createHash } from "node:crypto";

/** A source of choices that a seed repeats. Not for keys. */
export interface Random {
  /** 0 up to, and without, `end`. */
  readonly below: (end: number) => number;
  /** Both ends included. */
  readonly between: (low: number, high: number) => number;
  readonly bytes: (length: number) => Uint8Array;
  /** True once in `n`. */
  readonly oneIn: (n: number) => boolean;
  readonly pick: <T>(list: readonly T[]) => T;
  /** A part of the list, from nothing to all of it, in any order. */
  readonly some: <T>(list: readonly T[]) => T[];
  /** Code points of `alphabet`. */
  readonly text: (alphabet: string, length: number) => string;
}

/** SHA-256 in counter mode: the same seed gives the same choices on every machine. */
export function randomOf(seed: string): Random {
  let block: Uint8Array = new Uint8Array();
  let used = 0;
  let counter = 0;
  const octet = (): number => {
    if (used === block.length) {
      block = createHash("sha256").update(`${seed}\n${counter}`).digest();
      counter += 1;
      used = 0;
    }
    used += 1;
    return block[used - 1] ?? 0;
  };
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, octet);
  // 48 bits: the bias of the remainder is far below what a test could see.
  const below = (end: number): number => bytes(6).reduce((sum, value) => sum * 256 + value, 0) % end;
  const pick = <T>(list: readonly T[]): T => {
    if (list.length === 0) throw new RangeError("nothing to pick from");
    return list[below(list.length)] as T;
  };
  return {
    below,
    bytes,
    pick,
    between: (low, high) => low + below(high - low + 1),
    oneIn: (n) => below(n) === 0,
    some: (list) => {
      const left = [...list];
      return Array.from({ length: below(list.length + 1) }, () => left.splice(below(left.length), 1)).flat();
    },
    text: (alphabet, length) => {
      const characters = Array.from(alphabet);
      return Array.from({ length }, () => pick(characters)).join("");
    },
  };
}
