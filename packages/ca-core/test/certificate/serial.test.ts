import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomSerial, serialContent, serialOfContent } from "../../src/certificate/serial.ts";
import { readDer, contentOf } from "../../src/der/read.ts";
import { TAG } from "../../src/der/tag.ts";
import { tlv } from "../../src/der/write.ts";
import { CaError, parseSerial } from "../../src/index.ts";

describe("parseSerial understands", () => {
  test.each([
    ["the canonical form", "4f1c", "4f1c"],
    ["upper case", "4F1C", "4f1c"],
    ["colons", "4f:1c", "4f1c"],
    ["0x", "0x4F1C", "4f1c"],
    ["an odd number of digits", "f1c", "0f1c"],
    ["leading zeros", "00004f1c", "4f1c"],
    ["the leading 00 of AWS's session names", "00ccc3", "ccc3"],
    ["space around", " 4f1c\n", "4f1c"],
    ["20 octets", "7f".repeat(20), "7f".repeat(20)],
    ["20 octets behind a sign octet", `00:${"ff:".repeat(19)}ff`, "ff".repeat(20)],
    ["the number one", "1", "01"],
  ])("%s", (_, text, serial) => {
    expect(parseSerial(text)).toBe(serial);
  });
});

describe("parseSerial refuses", () => {
  test.each([
    "",
    "0",
    "00",
    "0x",
    "0x0",
    "-1",
    "xyz",
    "4f 1c",
    "4f:1",
    ":4f",
    "4f:",
    "4:f1",
    "4f1c.0",
    "1e400x",
    "01".repeat(21),
    "４f",
  ])("%j", (text) => {
    expect(() => parseSerial(text)).toThrow(expect.objectContaining({ code: "ERR_SERIAL" }));
  });
});

test("a random serial is 16 octets with a clear top bit, whatever the source gives", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (octets) => {
      let first = true;
      const serial = randomSerial(() => {
        const out = first ? octets : new Uint8Array(16).fill(1);
        first = false;
        return out;
      });
      expect(serial).toMatch(/^[0-7][0-9a-f]{31}$/);
      expect(serial.startsWith("00")).toBe(false);
      expect(serialContent(serial)).toHaveLength(16);
    }),
  );
});

test("a source that gives too few bytes is an error", () => {
  expect(() => randomSerial(() => new Uint8Array(8))).toThrow(TypeError);
});

test("every way to write a serial has one canonical form, and its INTEGER is strict DER that reads back", () => {
  const octets = fc.uint8Array({ minLength: 1, maxLength: 20 }).filter((bytes) => bytes.some((byte) => byte !== 0));
  fc.assert(
    fc.property(octets, fc.nat({ max: 3 }), fc.boolean(), (bytes, zeros, upper) => {
      const digits = "00".repeat(zeros) + Buffer.from(bytes).toString("hex");
      const spelled = upper ? digits.toUpperCase() : digits;
      const serial = parseSerial(spelled);
      const colons = spelled.match(/../g)?.join(":") ?? "";
      expect([parseSerial(`0x${spelled}`), parseSerial(colons), parseSerial(serial)]).toEqual([serial, serial, serial]);
      expect(BigInt(`0x${serial}`)).toBe(BigInt(`0x${digits}`));
      const integer = readDer(tlv(TAG.integer, serialContent(serial)));
      expect(serialOfContent(contentOf(integer))).toBe(serial);
    }),
  );
});

test("a negative serial in a certificate is refused", () => {
  expect(() => serialOfContent(Uint8Array.of(0x80))).toThrow(CaError);
});
