import { describe, expect, test } from "vitest";
import {
  bitStringOctets,
  booleanValue,
  DerError,
  DerReader,
  integerValue,
  namedBits,
  oidValue,
  readSingle,
  stringValue,
  TAG,
  timeValue,
} from "../src/der.ts";

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("an element is refused", () => {
  test.each([
    ["with an indefinite length", "30 80 00 00", "x: an indefinite length at offset 2"],
    ["with a long form that fits the short one", "30 81 01 00", "x: a length that is not minimal at offset 3"],
    ["with a length that begins with zero", "30 82 00 80", "x: a length that is not minimal at offset 4"],
    ["with a length of five octets", "30 85 00 00 00 00 01", "x: a length of more than four octets at offset 2"],
    ["longer than its bytes", "30 02 05", "x: an element that ends outside its parent at offset 2"],
    ["cut off in its length", "30 82 01", "x: the end of the bytes where an element belongs at offset 3"],
    ["of nothing", "", "x: the end of the bytes where an element belongs at offset 0"],
    ["with another tag", "31 00", "x: tag 0x31 where 0x30 belongs at offset 1"],
    ["with a tag of several octets", "3f 81 00", "x: tag 0x3f where 0x30 belongs at offset 1"],
    ["with bytes after it", "30 00 00", "x: trailing bytes at offset 2"],
  ])("%s", (_fact, hex, message) => {
    expect(() => readSingle(bytes(hex), TAG.sequence, "x")).toThrow(new DerError(message));
  });

  test("with a tag of several octets, where any tag may stand", () => {
    expect(() => new DerReader(bytes("3f 81 00"), "x").next()).toThrow("x: a tag of several octets at offset 1");
  });
});

describe("a value is refused", () => {
  test.each([
    ["INTEGER without octets", () => integerValue(bytes(""), "x"), "x: an INTEGER without octets"],
    ["INTEGER with a leading 00", () => integerValue(bytes("00 01"), "x"), "x: an INTEGER that is not minimal"],
    ["INTEGER with a leading ff", () => integerValue(bytes("ff 80"), "x"), "x: an INTEGER that is not minimal"],
    ["BOOLEAN of 01", () => booleanValue(bytes("01"), "x"), "x: a BOOLEAN that is neither 00 nor FF"],
    ["BOOLEAN of two octets", () => booleanValue(bytes("ff ff"), "x"), "x: a BOOLEAN that is neither 00 nor FF"],
    ["octets with unused bits", () => bitStringOctets(bytes("01 02"), "x"), /unused bits where octets belong$/],
    [
      "named bits with trailing zeros",
      () => namedBits(bytes("06 80"), "x"),
      "x: a named BIT STRING with trailing zeros",
    ],
    [
      "named bits beyond the unused ones",
      () => namedBits(bytes("02 06"), "x"),
      "x: a BIT STRING whose unused bits are not zero",
    ],
    ["named bits with eight unused", () => namedBits(bytes("08 00"), "x"), "x: a malformed BIT STRING"],
    ["an OID arc with a leading 80", () => oidValue(bytes("2a 80 01"), "x"), /arc that is not minimal$/],
    ["an OID that ends early", () => oidValue(bytes("2a 86"), "x"), "x: an OBJECT IDENTIFIER that ends early"],
    ["an empty OID", () => oidValue(bytes(""), "x"), "x: an OBJECT IDENTIFIER that ends early"],
  ])("%s", (_fact, read, message) => {
    expect(read).toThrow(
      expect.objectContaining({
        code: "ERR_DER",
        message: typeof message === "string" ? message : expect.stringMatching(message),
      }),
    );
  });

  test.each([
    ["without seconds", TAG.utcTime, "2611220236Z"],
    ["without Z", TAG.utcTime, "261122023625"],
    ["with an offset", TAG.utcTime, "261122023625+0100"],
    ["with a fraction", TAG.generalizedTime, "20501122023625.5Z"],
    ["in GeneralizedTime before 2050", TAG.generalizedTime, "20491231235959Z"],
    ["on the 31st of February", TAG.utcTime, "260231000000Z"],
    ["at 24 o'clock", TAG.utcTime, "261122240000Z"],
    ["in a UTCTime with four digits", TAG.utcTime, "20261122023625Z"],
    ["in a string", TAG.utf8String, "261122023625Z"],
  ])("a time %s", (_fact, tag, text) => {
    const content = utf8(text);
    expect(() => timeValue({ tag, content, bytes: content }, "x")).toThrow(/^x: /);
  });

  test("a UTF8String that is not UTF-8, and a string of no known type", () => {
    const content = bytes("c3 28");
    expect(() => stringValue({ tag: TAG.utf8String, content, bytes: content }, "x")).toThrow("that is not UTF-8");
    expect(() => stringValue({ tag: TAG.octetString, content, bytes: content }, "x")).toThrow("a string of type 0x04");
  });
});

test("a BMPString of half a character is refused", () => {
  const content = bytes("00 48 00");
  expect(() => stringValue({ tag: TAG.bmpString, content, bytes: content }, "x")).toThrow(
    "x: a BMPString of half a character",
  );
});

test.each([
  ["00", 0n],
  ["7f", 127n],
  ["00 80", 128n],
  ["80", -128n],
  ["ff 7f", -129n],
  ["00 ff ff ff ff ff ff ff ff", 18_446_744_073_709_551_615n],
])("INTEGER %s is %s", (hex, value) => {
  expect(integerValue(bytes(hex), "x")).toBe(value);
});

test.each([
  ["2a 86 48 86 f7 0d 01 01 0b", "1.2.840.113549.1.1.11"],
  ["55 1d 0f", "2.5.29.15"],
  ["88 37 03", "2.999.3"],
  ["09 92 26 89 93 f2 2c 64 01 01", "0.9.2342.19200300.100.1.1"],
])("OID %s is %s", (hex, value) => {
  expect(oidValue(bytes(hex), "x")).toBe(value);
});

test.each([
  [TAG.utcTime, "491231235959Z", "2049-12-31T23:59:59.000Z"],
  [TAG.utcTime, "500101000000Z", "1950-01-01T00:00:00.000Z"],
  [TAG.generalizedTime, "20500101000000Z", "2050-01-01T00:00:00.000Z"],
])("time 0x%s %s is %s", (tag, text, iso) => {
  const content = utf8(text);
  expect(timeValue({ tag, content, bytes: content }, "x").toISOString()).toBe(iso);
});

test("named bits are counted from the left", () => {
  expect([...namedBits(bytes("01 06"), "x")]).toEqual([5, 6]);
  expect([...namedBits(bytes("07 00 80"), "x")]).toEqual([8]);
  expect([...namedBits(bytes("00"), "x")]).toEqual([]);
});

test("a BMPString is UTF-16 in network order", () => {
  const content = bytes("00 48 00 fc");
  expect(stringValue({ tag: TAG.bmpString, content, bytes: content }, "x")).toBe("Hü");
});
