import { describe, expect, test } from "vitest";
import { sortedPlaces } from "../../src/crl/sort-entries.ts";
import { serialContent } from "../../src/certificate/serial.ts";
import { sequence, time, tlv } from "../../src/der/write.ts";
import { parseSerial, type SerialHex } from "../../src/index.ts";
import { concatBytes } from "../../src/lib/bytes.ts";
import { NOW } from "../support/authority.ts";

/** Encoded entries, and where each begins. */
function encoded(serials: readonly SerialHex[]): { readonly content: Uint8Array; readonly offsets: Uint32Array } {
  const date = time(NOW);
  const entries = serials.map((serial) => sequence(tlv(2, serialContent(serial)), date));
  const offsets = new Uint32Array(entries.length + 1);
  for (const [i, one] of entries.entries()) offsets[i + 1] = (offsets[i] ?? 0) + one.length;
  return { content: concatBytes(entries), offsets };
}

const serialOf = (number: bigint): SerialHex => parseSerial(number.toString(16));
const placesOf = (numbers: readonly bigint[]): number[] | undefined => {
  const { content, offsets } = encoded(numbers.map(serialOf));
  const places = sortedPlaces(content, offsets);
  return places === undefined ? undefined : [...places];
};

describe("entries whose serials rise already", () => {
  test.each<[fact: string, numbers: readonly bigint[]]>([
    ["none", []],
    ["one", [7n]],
    ["two", [1n, 2n]],
    ["of rising lengths", [0x7fn, 0x80n, 0xffn, 0x100n, 0x10000n, 2n ** 64n]],
    ["one serial twice", [5n, 5n]],
  ])("need no other order: %s", (_, numbers) => {
    expect(placesOf(numbers)).toBeUndefined();
  });
});

test.each<[fact: string, numbers: readonly bigint[], places: readonly number[]]>([
  ["the last before the first", [2n, 1n], [1, 0]],
  ["a shorter serial before a longer one", [0x100n, 0xffn, 0x7fn], [2, 1, 0]],
  ["where the first four octets are the same", [0x4a00000003n, 0x4a00000001n, 0x4a00000002n], [1, 2, 0]],
  ["two after one", [1n, 3n, 2n], [0, 2, 1]],
])("entries get the order of their serials as numbers: %s", (_, numbers, places) => {
  expect(placesOf(numbers)).toEqual(places);
});

/** As random as it needs to be, and the same each time. */
const scrambled = (i: number): bigint => BigInt.asUintN(64, BigInt(i + 1) * 0x9e3779b97f4a7c15n);

test.each<[count: number, fact: string, serialAt: (i: number) => bigint]>([
  // From 65,536 entries on, a head and a place together have more bits than a number holds exactly.
  [70_000, "of every head", (i) => 2n ** 126n + (scrambled(i) << 60n)],
  [
    500,
    "of heads that differ in their last bits alone",
    (i) => 2n ** 126n + ((scrambled(i) >> 61n) << 94n) + BigInt(i),
  ],
  [500, "of a few octets", (i) => (scrambled(i) >> 44n) + 1n],
])("%i serials %s are sorted", (count, _, serialAt) => {
  const numbers = Array.from({ length: count }, (__, i) => serialAt(i));
  const { content, offsets } = encoded(numbers.map(serialOf));
  const places = sortedPlaces(content, offsets) ?? [];
  expect(new Set(places).size).toBe(count);
  const sorted = Array.from(places, (place) => numbers[place] ?? 0n);
  expect(sorted.findIndex((number, i) => number < (sorted[i - 1] ?? 0n))).toBe(-1);
});
