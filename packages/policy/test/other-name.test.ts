import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkAgainstProfile } from "@capstan/ca-core";
import { emptyRequest } from "../src/empty-request.ts";
import { readOtherName, writeOtherName } from "../src/other-name.ts";

const arc = fc.oneof(fc.nat(200), fc.constantFrom(127, 128, 311, 16_383, 16_384, 2_147_483_647));
const oid = fc
  .tuple(
    fc.oneof(fc.tuple(fc.constantFrom(0, 1), fc.nat(39)), fc.tuple(fc.constant(2), arc)),
    fc.array(arc, { maxLength: 6 }),
  )
  .map(([top, rest]) => [...top, ...rest].join("."));

/** Whether ca-core's strict reader takes it for an otherName. */
function isAccepted(value: string): boolean {
  const request = { ...emptyRequest, subjectAlternativeNames: [{ kind: "otherName" as const, value }] };
  return !checkAgainstProfile({ profile: "General", request }).some(({ code }) => code === "ERR_SAN_OTHER_NAME");
}

describe("an otherName", () => {
  test("is read back as it was written, and is one for ca-core too", () => {
    const text = fc.oneof(fc.stringMatching(/^[ -~]{0,40}$/), fc.stringMatching(/^[a-z]{120,300}$/), fc.constant("é"));
    fc.assert(
      fc.property(oid, text, (type, value) => {
        const written = writeOtherName(type, value);
        expect(readOtherName({ value: written })).toEqual({ oid: type, text: value });
        expect(isAccepted(written)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("that ca-core accepts is always read, and no bytes make the reader throw", () => {
    let accepted = 0;
    const written = fc.tuple(oid, fc.stringMatching(/^[a-z]{0,8}$/)).map(([type, text]) => writeOtherName(type, text));
    const changed = fc.tuple(written, fc.nat(40), fc.nat(255)).map(([hex, at, byte]) => {
      const place = (2 * at) % hex.length;
      return hex.slice(0, place) + byte.toString(16).padStart(2, "0") + hex.slice(place + 2);
    });
    fc.assert(
      fc.property(changed, (value) => {
        const read = readOtherName({ value });
        if (!isAccepted(value)) return;
        accepted++;
        expect(read).toBeDefined();
      }),
      { numRuns: 1_000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  test.each([
    ["no-name-at-all", ""],
    ["a-type-alone", "a0050603550403"],
    ["two-values", "a00d0603550403a0060c01610c0162"],
    ["something-behind-it", "a00a0603550403a0030c016100"],
    ["another-kind", "82036162"],
    ["an-indefinite-length", "a0800603550403a0030c01610000"],
    ["a-length-beyond-its-end", "a0200603550403a0030c0161"],
    ["a-type-that-does-not-end", "a00a0603550483a0030c0161"],
  ])("%s is none", (_fact, value) => {
    expect(readOtherName({ value })).toBeUndefined();
  });

  test.each([
    ["a-number", "a00a0603550403a003020107"],
    ["an-old-string-type", "a00a0603550403a003140161"],
    ["bytes-that-are-no-utf-8", "a00a0603550403a0030c01ff"],
  ])("of %s has no text", (_fact, value) => {
    expect(readOtherName({ value })).toEqual({ oid: "2.5.4.3", text: undefined });
  });

  test.each(["", "1", "x", "1.x", "1.2.99999999999999999999"])("of type %j cannot be written", (type) => {
    expect(writeOtherName(type, "a")).toBe("");
  });
});
