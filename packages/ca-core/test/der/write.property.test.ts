import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeOid, encodeOid } from "../../src/der/oid.ts";
import { encodingOf, readDer, type DerNode } from "../../src/der/read.ts";
import { TAG } from "../../src/der/tag.ts";
import { namedBitsOf, unsignedOf } from "../../src/der/fields.ts";
import { readTime } from "../../src/der/time.ts";
import {
  header,
  namedBits,
  octetString,
  sequence,
  setOf,
  tagged,
  time,
  tlv,
  unsignedInteger,
} from "../../src/der/write.ts";
import { DerError } from "../../src/index.ts";

const leaf = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map(octetString),
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map(unsignedInteger),
  fc.string().map((text) => tlv(TAG.utf8String, Buffer.from(text))),
  fc.uniqueArray(fc.integer({ min: 0, max: 30 })).map(namedBits),
);
const tree = fc.letrec<{ node: Uint8Array }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie("node"), { maxLength: 5 }).map((children) => sequence(...children)),
    fc
      .array(tie("node"), { maxLength: 5 })
      .map((children) => setOf(...new Map(children.map((c) => [String(c), c])).values())),
    fc.tuple(fc.integer({ min: 0, max: 9 }), tie("node")).map(([n, child]) => tagged(n, child)),
  ),
})).node;

const LIMITS = { maxBytes: 1_000_000, maxNodes: 100_000 };

/** Writes a tree again from its leaves. */
function rewrite(node: DerNode): Uint8Array {
  return (node.tag & 0x20) === 0
    ? tlv(node.tag, node.source.subarray(node.contentStart, node.end))
    : tlv(node.tag, ...node.children.map(rewrite));
}

test("what the writer writes, the reader reads, and writing it again gives the same bytes", () => {
  fc.assert(
    fc.property(tree, (der) => {
      expect(rewrite(readDer(der, LIMITS))).toEqual(der);
    }),
  );
});

test("what the reader takes has one encoding: a changed byte is refused or reads as something else", () => {
  fc.assert(
    fc.property(tree, fc.nat(), fc.integer({ min: 1, max: 255 }), (der, at, flip) => {
      const changed = Uint8Array.from(der);
      changed[at % der.length] = (changed[at % der.length] ?? 0) ^ flip;
      try {
        const node = readDer(changed, LIMITS);
        expect(rewrite(node)).toEqual(changed);
        expect(encodingOf(node)).toEqual(changed);
      } catch (error) {
        if (!(error instanceof DerError)) throw error;
      }
    }),
  );
});

test("random bytes never make the reader throw anything but a DerError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => {
      try {
        readDer(junk);
      } catch (error) {
        if (!(error instanceof DerError)) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});

test("object identifiers come back as they were", () => {
  const first = fc.oneof(
    fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 39 })),
    fc.tuple(fc.constant(2), fc.nat({ max: 2 ** 40 })),
  );
  fc.assert(
    fc.property(first, fc.array(fc.nat({ max: Number.MAX_SAFE_INTEGER }), { maxLength: 14 }), (head, tail) => {
      const text = [...head, ...tail].join(".");
      const content = encodeOid(text);
      expect(decodeOid(content, 0, content.length)).toBe(text);
    }),
  );
});

test("numbers, bits and times come back as they were", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), (value) => {
      const hex = value.toString(16);
      const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
      expect(unsignedOf(readDer(unsignedInteger(octets)), "n")).toBe(value);
    }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 40 })), (bits) => {
      expect(namedBitsOf(readDer(namedBits(bits)), "bits")).toEqual(bits.toSorted((a, b) => a - b));
    }),
  );
  const dates = fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(dates, (date) => {
      expect(readTime(readDer(time(date))).getTime()).toBe(Math.floor(date.getTime() / 1000) * 1000);
    }),
  );
});

test.each([new Date(Number.NaN), new Date("1999-12-31T23:59:59Z"), new Date("2100-01-01T00:00:00Z")])(
  "a date outside 2000 to 2099 is not written: %s",
  (date) => {
    expect(() => time(date)).toThrow(RangeError);
  },
);

test.each([
  [0, "0400"],
  [127, "047f"],
  [128, "048180"],
  [255, "0481ff"],
  [256, "04820100"],
  [65_535, "0482ffff"],
  [65_536, "0483010000"],
  [16_777_216, "048401000000"],
])("a length of %i is written in its shortest form", (length, hex) => {
  const expected = Uint8Array.from(Buffer.from(hex, "hex"));
  expect(header(TAG.octetString, length)).toEqual(expected);
  const content = new Uint8Array(length).fill(7);
  expect(Buffer.compare(octetString(content), Buffer.concat([expected, content]))).toBe(0);
});
