import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DerError } from "../../src/index.ts";
import { readDer } from "../../src/der/read.ts";
import { readTime } from "../../src/der/time.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

function errorOf(act: () => unknown): { code: string; offset: number } {
  try {
    act();
  } catch (error) {
    if (error instanceof DerError) return { code: error.code, offset: error.offset };
    throw error;
  }
  return { code: "accepted", offset: -1 };
}

/** One SEQUENCE in another, `levels` deep. */
function nested(levels: number): Uint8Array {
  let out = "3000";
  for (let level = 1; level < levels; level += 1) out = `30${(out.length / 2).toString(16).padStart(2, "0")}${out}`;
  return bytes(out);
}

describe("the strict DER reader refuses", () => {
  test.each([
    ["nothing at all", "", "ERR_DER_EMPTY", 0],
    ["a tag without a length", "30", "ERR_DER_TRUNCATED", 1],
    ["a long length that is cut off", "30 82 01", "ERR_DER_TRUNCATED", 3],
    ["a member whose length is outside its parent", "30 01 02", "ERR_DER_TRUNCATED", 3],
    ["a high tag number", "1f 81 00 00", "ERR_DER_TAG_HIGH", 0],
    ["a tag that X.509 does not use", "09 01 00", "ERR_DER_TAG_UNSUPPORTED", 0],
    ["an application tag", "61 00", "ERR_DER_TAG_UNSUPPORTED", 0],
    ["a private tag", "c1 00", "ERR_DER_TAG_UNSUPPORTED", 0],
    ["a constructed OCTET STRING", "24 03 04 01 aa", "ERR_DER_TAG_CONSTRUCTED", 0],
    ["a constructed UTF8String", "2c 03 0c 01 41", "ERR_DER_TAG_CONSTRUCTED", 0],
    ["a primitive SEQUENCE", "10 00", "ERR_DER_TAG_PRIMITIVE", 0],
    ["a primitive SET", "11 00", "ERR_DER_TAG_PRIMITIVE", 0],
    ["an indefinite length", "30 80 00 00", "ERR_DER_LENGTH_INDEFINITE", 1],
    ["a long length below 128", "04 81 01 aa", "ERR_DER_LENGTH_NOT_MINIMAL", 1],
    ["a length with a leading zero", `04 82 00 80 ${"aa".repeat(128)}`, "ERR_DER_LENGTH_NOT_MINIMAL", 1],
    ["a length of five octets", "04 85 00 00 00 00 01 aa", "ERR_DER_LENGTH_TOO_LONG", 1],
    ["a length past the end", "04 02 aa", "ERR_DER_LENGTH_PAST_END", 1],
    ["a length of four gigabytes", "30 84 ff ff ff ff", "ERR_DER_LENGTH_PAST_END", 1],
    ["a member longer than its parent", "30 03 04 02 aa", "ERR_DER_LENGTH_PAST_END", 3],
    ["bytes after the value", "05 00 00", "ERR_DER_TRAILING", 2],
    ["a second value", "30 00 30 00", "ERR_DER_TRAILING", 2],
    ["BOOLEAN 01", "01 01 01", "ERR_DER_BOOLEAN", 2],
    ["BOOLEAN of two octets", "01 02 ff ff", "ERR_DER_BOOLEAN", 2],
    ["BOOLEAN of none", "01 00", "ERR_DER_BOOLEAN", 2],
    ["INTEGER of none", "02 00", "ERR_DER_INTEGER", 2],
    ["INTEGER with a zero too many", "02 02 00 7f", "ERR_DER_INTEGER", 2],
    ["negative INTEGER with an ff too many", "02 02 ff 80", "ERR_DER_INTEGER", 2],
    ["ENUMERATED with a zero too many", "0a 02 00 01", "ERR_DER_INTEGER", 2],
    ["BIT STRING of none", "03 00", "ERR_DER_BIT_STRING", 2],
    ["BIT STRING with 8 unused bits", "03 02 08 00", "ERR_DER_BIT_STRING", 2],
    ["empty BIT STRING with unused bits", "03 01 01", "ERR_DER_BIT_STRING", 2],
    ["BIT STRING with unused bits that are set", "03 02 01 01", "ERR_DER_BIT_STRING", 3],
    ["NULL with content", "05 01 00", "ERR_DER_NULL", 2],
    ["OBJECT IDENTIFIER of none", "06 00", "ERR_DER_OID", 2],
    ["OBJECT IDENTIFIER with a padded arc", "06 03 2a 80 01", "ERR_DER_OID", 3],
    ["OBJECT IDENTIFIER that is cut off", "06 02 2a 86", "ERR_DER_OID", 3],
    ["OBJECT IDENTIFIER with an arc over 2^53", "06 0a 2a 8f ff ff ff ff ff ff ff 7f", "ERR_DER_OID", 3],
    ["OBJECT IDENTIFIER of 17 arcs", `06 10 2a ${"01".repeat(15)}`, "ERR_DER_OID", 2],
    ["a SET that is not sorted", "31 06 02 01 02 02 01 01", "ERR_DER_SET_ORDER", 5],
    ["a SET that holds a value twice", "31 06 02 01 01 02 01 01", "ERR_DER_SET_DUPLICATE", 5],
  ])("%s", (_, hex, code, offset) => {
    expect(errorOf(() => readDer(bytes(hex)))).toEqual({ code, offset });
  });

  test("a value nested 13 levels deep, and takes one of 12", () => {
    expect(errorOf(() => readDer(nested(12))).code).toBe("accepted");
    expect(errorOf(() => readDer(nested(13)))).toEqual({ code: "ERR_DER_DEPTH", offset: 24 });
  });

  test("1,001 values, and takes 1,000", () => {
    const nulls = (count: number): Uint8Array =>
      bytes(`3082${(2 * count).toString(16).padStart(4, "0")}${"0500".repeat(count)}`);
    expect(errorOf(() => readDer(nulls(999))).code).toBe("accepted");
    expect(errorOf(() => readDer(nulls(1000))).code).toBe("ERR_DER_NODES");
    expect(errorOf(() => readDer(nulls(1000), { maxNodes: 1001 })).code).toBe("accepted");
  });

  test("more bytes than the limit, before it looks at them", () => {
    expect(errorOf(() => readDer(new Uint8Array(8193))).code).toBe("ERR_DER_SIZE");
  });
});

test("every message names rule and offset, and no two rules share one", () => {
  const messages = [
    "",
    "30",
    "05 00 00",
    "01 01 01",
    "02 00",
    "02 02 00 7f",
    "03 00",
    "03 02 01 01",
    "30 80 00 00",
  ].map((hex) => {
    try {
      readDer(bytes(hex));
    } catch (error) {
      return (error as DerError).message;
    }
    return "accepted";
  });
  expect(new Set(messages.map((message) => message.replace(/^byte \d+: /, ""))).size).toBe(messages.length);
  expect(messages.every((message) => /^byte \d+: /.test(message))).toBe(true);
});

describe("a time is refused when it", () => {
  const time = (tag: string, text: string): Uint8Array =>
    bytes(`${tag} ${text.length.toString(16).padStart(2, "0")} ${Buffer.from(text).toString("hex")}`);
  test.each([
    ["has no seconds", "17", "2611220300Z"],
    ["has a fraction", "18", "20600101000000.5Z"],
    ["has an offset", "17", "261122030000+0100"],
    ["has no zone", "17", "261122030000"],
    ["is a day that does not exist", "17", "260230030000Z"],
    ["is a leap second", "17", "261231235960Z"],
    ["is the hour 24", "17", "261231240000Z"],
    ["is a GeneralizedTime before 2050", "18", "20491231235959Z"],
    ["has letters", "17", "2611220300xxZ"],
    ["has the character after 9", "17", "26112203000:Z"],
    ["has the character before 0", "17", "26112203001/Z"],
    ["is empty", "17", ""],
    ["is no time at all", "02", "1"],
  ])("%s", (_, tag, text) => {
    expect(errorOf(() => readTime(readDer(time(tag, text)))).code).toBe("ERR_DER_TIME");
  });

  test.each([
    ["17", "491231235959Z", "2049-12-31T23:59:59.000Z"],
    ["17", "500101000000Z", "1950-01-01T00:00:00.000Z"],
    ["18", "20500101000000Z", "2050-01-01T00:00:00.000Z"],
    ["17", "280229120000Z", "2028-02-29T12:00:00.000Z"],
  ])("not: %s %s is %s", (tag, text, iso) => {
    expect(readTime(readDer(time(tag, text))).toISOString()).toBe(iso);
  });
});

/** Every text of this length that ISO 8601 would also take, or not: the definition by way of Date. */
const readTimeByText = (tag: string, text: string): string | undefined => {
  const pattern =
    tag === "17" ? /^(\d{2})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
  const [, shown = "", ...rest] = pattern.exec(text) ?? [];
  if (shown === "") return undefined;
  const year = tag === "18" ? shown : `${Number(shown) < 50 ? "20" : "19"}${shown}`;
  if (tag === "18" && Number(year) < 2050) return undefined;
  const [month, day, hour, minute, second] = rest;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const date = new Date(iso);
  return !Number.isNaN(date.getTime()) && date.toISOString() === iso ? iso : undefined;
};

test("any text of digits is a time just when it is one by the calendar", () => {
  const digits = (length: number): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom(..."00011122345679Zx".split("")), minLength: length, maxLength: length });
  const texts = fc.oneof(
    fc.tuple(fc.constant("17"), fc.integer({ min: 11, max: 13 }).chain(digits)),
    fc.tuple(fc.constant("18"), fc.integer({ min: 13, max: 15 }).chain(digits)),
    fc
      .tuple(
        fc.constantFrom("17", "18"),
        fc
          .date({ min: new Date("1950-01-01"), max: new Date("2099-12-31"), noInvalidDate: true })
          .map((date) => date.toISOString().replaceAll(/[-:T]|\.\d+/g, "")),
      )
      .map(([tag, text]): [string, string] => [tag, tag === "17" ? text.slice(2) : text]),
    // Near the ends of months, hours and minutes.
    fc.tuple(
      fc.constant("17"),
      fc
        .tuple(...[99, 13, 32, 25, 61, 61].map((max) => fc.integer({ min: 0, max })))
        .map((parts) => `${parts.map((part) => String(part).padStart(2, "0")).join("")}Z`),
    ),
  );
  fc.assert(
    fc.property(texts, ([tag, text]) => {
      const der = bytes(`${tag} ${text.length.toString(16).padStart(2, "0")} ${Buffer.from(text).toString("hex")}`);
      let read: string | undefined;
      try {
        read = readTime(readDer(der)).toISOString();
      } catch (error) {
        expect((error as DerError).code).toBe("ERR_DER_TIME");
      }
      expect(read).toBe(readTimeByText(tag, text));
    }),
    { numRuns: 3000 },
  );
});
