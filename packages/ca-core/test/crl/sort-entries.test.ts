import { describe, expect, test } from "vitest";
import { sortedPlaces } from "../../src/crl/sort-entries.ts";
import { largeTest } from "../support/large-test.ts";
import { octetsOf } from "../support/rsa.ts";

/** Where entries with serials of these octets must go. Of an entry, nothing behind its serial is looked at. */
function placesOf(serials: readonly Uint8Array[]): Uint32Array | undefined {
  const offsets = new Uint32Array(serials.length + 1);
  for (const [i, { length }] of serials.entries()) offsets[i + 1] = (offsets[i] ?? 0) + 4 + length;
  const content = new Uint8Array(offsets.at(-1) ?? 0);
  for (const [i, octets] of serials.entries()) {
    const start = offsets[i] ?? 0;
    content.set([0x30, 2 + octets.length, 0x02, octets.length], start);
    content.set(octets, start + 4);
  }
  return sortedPlaces(content, offsets);
}

/** As content octets of an INTEGER. */
const serialOf = (number: bigint): Uint8Array => {
  const octets = octetsOf(number);
  return (octets[0] ?? 0) < 0x80 ? octets : Uint8Array.of(0, ...octets);
};

describe("entries whose serials rise already need no other order", () => {
  test.each<[fact: string, numbers: readonly bigint[]]>([
    ["none", []],
    ["one", [7n]],
    ["two", [1n, 2n]],
    ["of rising lengths", [0x7fn, 0x80n, 0xffn, 0x100n, 0x10000n, 2n ** 64n]],
    ["one serial twice", [5n, 5n]],
  ])("%s", (_, numbers) => {
    expect(placesOf(numbers.map(serialOf))).toBeUndefined();
  });
});

test.each<[fact: string, numbers: readonly bigint[], places: readonly number[]]>([
  ["the last before the first", [2n, 1n], [1, 0]],
  ["a shorter serial before a longer one", [0x100n, 0xffn, 0x7fn], [2, 1, 0]],
  ["where the first four octets are the same", [0x4a00000003n, 0x4a00000001n, 0x4a00000002n], [1, 2, 0]],
  ["two after one", [1n, 3n, 2n], [0, 2, 1]],
])("entries get the order of their serials as numbers: %s", (_, numbers, places) => {
  expect([...(placesOf(numbers.map(serialOf)) ?? [])]).toEqual(places);
});

/** 16 octets, the same each time: of the four that are looked at first, all are scrambled, or only the last three bits. */
function scrambled(count: number, bits: 31 | 3): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const octets = new Uint8Array(16);
    const view = new DataView(octets.buffer);
    view.setUint32(0, 0x4a000000 ^ (Math.imul(i + 1, 0x9e3779b1) >>> (32 - bits)));
    view.setUint32(12, Math.imul(i + 1, 0x85ebca6b));
    return octets;
  });
}

/** Puts them into their order, and looks at the result. */
function expectSorted(serials: readonly Uint8Array[]): void {
  const places = placesOf(serials) ?? [];
  expect(new Set(places).size).toBe(serials.length);
  const sorted = Array.from(places, (place) => serials[place] ?? new Uint8Array());
  expect(sorted.findIndex((one, i) => i > 0 && Buffer.compare(one, sorted[i - 1] ?? one) < 0)).toBe(-1);
}

test("500 serials of eight heads are sorted", () => {
  expectSorted(scrambled(500, 3));
});

// From 65,536 entries on, a head and a place together have more bits than a number holds exactly.
largeTest("70,000 serials of every head are sorted", () => {
  expectSorted(scrambled(70_000, 31));
});
