import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crlNumberOf } from "../../src/crl/crl-number.ts";
import { nextCrlNumber, parseCrlNumber } from "../../src/index.ts";

const now = new Date(1_800_000_000_000);

test.each<[string, Parameters<typeof nextCrlNumber>[0], bigint]>([
  ["the clock, when nothing is known", { now }, 1_800_000_000_001n],
  ["the clock's first moment", { now: new Date(0) }, 1n],
  ["our own state, when the clock went back", { now: new Date(5), stored: parseCrlNumber("900") }, 901n],
  [
    "what AWS holds, when our state was restored from a backup",
    { now: new Date(5), stored: parseCrlNumber("900"), readBack: parseCrlNumber("950") },
    951n,
  ],
  ["our own state alone, when it is not known what AWS holds", { now: undefined, stored: parseCrlNumber("900") }, 901n],
])("the next number is above %s", (_, known, expected) => {
  expect(nextCrlNumber(known)).toBe(expected);
});

test("numbers only rise, whatever the clock does and whatever is forgotten, as long as AWS remembers", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 2 ** 42 }), fc.boolean())), (steps) => {
      let published = parseCrlNumber("0");
      for (const [ms, forgets] of steps) {
        const next = nextCrlNumber({
          now: new Date(ms),
          readBack: published,
          ...(forgets ? {} : { stored: published }),
        });
        expect(next > published).toBe(true);
        published = next;
      }
    }),
  );
});

describe("a CRL number is refused", () => {
  test.each(["", "-1", "01", "1.5", "0x10", "1e3", " 1", String(2n ** 159n)])("as text: %j", (text) => {
    expect(() => parseCrlNumber(text)).toThrow(expect.objectContaining({ code: "ERR_CRL_NUMBER" }));
  });
  test.each([
    ["gives no time", Number.NaN],
    ["stands before 1970", -1],
  ])("when the clock %s", (_, ms) => {
    expect(() => nextCrlNumber({ now: new Date(ms) })).toThrow(
      expect.objectContaining({ code: "ERR_CRL_NUMBER", message: "the clock gives no time" }),
    );
  });
  test.each([-1n, 2n ** 159n])("as a number: %i", (value) => {
    expect(() => crlNumberOf(value)).toThrow(expect.objectContaining({ code: "ERR_CRL_NUMBER" }));
  });
  test("when 20 octets are used up", () => {
    const stored = parseCrlNumber(String(2n ** 159n - 1n));
    expect(() => nextCrlNumber({ now, stored })).toThrow(expect.objectContaining({ code: "ERR_CRL_NUMBER" }));
  });
});

test.each([0n, 2n ** 159n - 1n])("a CRL number can be %i", (value) => {
  expect([crlNumberOf(value), parseCrlNumber(String(value))]).toEqual([value, value]);
});
