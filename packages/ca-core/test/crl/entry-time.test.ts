import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EntryTimeReader, EntryTimeWriter } from "../../src/crl/entry-time.ts";
import { readDer } from "../../src/der/read.ts";
import { readTime } from "../../src/der/time.ts";
import { octetString, sequence, time, tlv } from "../../src/der/write.ts";
import { DerError } from "../../src/index.ts";
import { ascii } from "../support/bytes.ts";
import { runs } from "../support/fuzz.ts";

const DAY_S = 86_400;

/** Milliseconds since 1970, or the code that the time is refused with. */
function readingOf(read: () => number): number | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) return error.code;
    throw error;
  }
}

/** A reader that has seen times of these days before, so that it need not ask for them again. */
function readerThatKnows(...texts: readonly (readonly [tag: number, text: string])[]): EntryTimeReader {
  const reader = new EntryTimeReader();
  for (const [tag, text] of texts) reader.read(readDer(tlv(tag, ascii(text))));
  return reader;
}

const known = [
  [0x17, "261122030405Z"],
  [0x18, "20611122030405Z"],
] as const;

const known261122 = Date.UTC(2026, 10, 22, 7, 8, 9);

describe("a time of a day that was seen before is still refused for", () => {
  test.each([
    ["24 o'clock", 0x17, "261122240000Z"],
    ["60 minutes", 0x17, "261122036000Z"],
    ["a leap second", 0x17, "261122235960Z"],
    ["a letter in the hour", 0x17, "2611220a0405Z"],
    ["a colon in the hour", 0x17, "2611220:0405Z"],
    ["a colon in the minute", 0x17, "261122030:05Z"],
    ["a colon in the second", 0x17, "26112203040:Z"],
    ["a sign in the date, which would count as twelve", 0x17, "26111<030405Z"],
    ["a space in the second", 0x17, "26112203040 Z"],
    ["a minus", 0x17, "2611220304-5Z"],
    ["another zone", 0x17, "261122030405A"],
    ["an offset", 0x17, "261122030405+0000"],
    ["no zone", 0x17, "261122030405"],
    ["no seconds", 0x17, "2611220304Z"],
    ["a fraction", 0x18, "20611122030405.5Z"],
    ["the other form's tag", 0x18, "261122030405Z"],
    ["the other form's tag", 0x17, "20611122030405Z"],
    ["nothing", 0x17, ""],
  ])("%s", (_, tag, text) => {
    const node = readDer(tlv(tag, ascii(text)));
    expect(() => readerThatKnows(...known).read(node)).toThrow(expect.objectContaining({ code: "ERR_DER_TIME" }));
  });
});

test("dates near one that was seen are read, or refused, as by themselves", () => {
  const reader = readerThatKnows(...known);
  for (const [length, middle] of [
    [6, 261_122],
    [8, 20_611_122],
  ] as const) {
    for (let date = middle - 300; date <= middle + 300; date += 1) {
      for (const tag of [0x17, 0x18]) {
        const node = readDer(tlv(tag, ascii(`${String(date).padStart(length, "0")}010203Z`)));
        const reading = readingOf(() => reader.read(node));
        if (reading !== readingOf(() => readTime(node).getTime())) expect.fail(`${tag} ${date}: ${reading}`);
      }
    }
  }
});

test("no century but its own makes a date one that was seen", () => {
  const reader = readerThatKnows(...known);
  for (let century = 0; century < 100; century += 1) {
    for (const [tag, date] of [
      [0x17, "261122"],
      [0x18, "611122"],
    ] as const) {
      const node = readDer(tlv(tag, ascii(`${String(century).padStart(2, "0")}${date}010203Z`)));
      expect([century, readingOf(() => reader.read(node))]).toEqual([
        century,
        readingOf(() => readTime(node).getTime()),
      ]);
    }
  }
});

test("what stands behind a time is not read", () => {
  for (let gap = 0; gap < 20; gap += 1) {
    const [node] = readDer(
      sequence(time(new Date(known261122)), octetString(ascii(`${"0".repeat(gap)}235959Z`))),
    ).children;
    if (node === undefined) throw new Error("there are two members");
    expect([gap, readerThatKnows(...known).read(node)]).toEqual([gap, known261122]);
  }
});

test("whatever a time is, it is read as by itself, and refused as by itself", () => {
  const text = fc.oneof(
    fc
      .tuple(fc.constantFrom("261122", "20611122", "000229", "010229"), fc.stringMatching(/^[0-9]{6}$/))
      .map(([date, clock]) => `${date}${clock}Z`),
    fc.stringMatching(/^(2[0-9]|20[0-9]{2})(0[0-9]|1[0-3])[0-3][0-9][0-2][0-9][0-6][0-9][0-6][0-9]Z$/),
    fc.stringMatching(/^[0-9Z+:-]{0,18}$/),
  );
  const times = fc.array(fc.tuple(fc.constantFrom(0x17, 0x18), text), { maxLength: 20 });
  fc.assert(
    fc.property(times, (some) => {
      const reader = readerThatKnows(...known);
      for (const [tag, one] of some) {
        const node = readDer(tlv(tag, ascii(one)));
        expect([one, readingOf(() => reader.read(node))]).toEqual([one, readingOf(() => readTime(node).getTime())]);
      }
    }),
    { numRuns: runs(1_000) },
  );
});

test("whatever a date is, it is written as by itself", () => {
  const instant = fc.oneof(
    fc.integer({ min: 946_684_800_000, max: 4_102_444_799_999 }),
    fc.integer({ min: 1_795_316_400, max: 1_795_316_400 + 3 * DAY_S }).map((seconds) => seconds * 1000),
  );
  fc.assert(
    fc.property(fc.array(instant, { maxLength: 20 }), (instants) => {
      const writer = new EntryTimeWriter();
      for (const one of instants) {
        const out = new Uint8Array(20);
        const end = writer.write(new Date(one), out, 2);
        expect(out.subarray(2, end)).toEqual(time(new Date(one)));
      }
    }),
    { numRuns: runs(300) },
  );
});
