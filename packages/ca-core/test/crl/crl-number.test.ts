import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextCrlNumber, parseCrlNumber } from "../../src/index.ts";

const now = new Date(1_800_000_000_000);

test.each<[string, Parameters<typeof nextCrlNumber>[0], bigint]>([
  ["the clock, when nothing is known", { now }, 1_800_000_000_001n],
  ["our own state, when the clock went back", { now: new Date(5), stored: parseCrlNumber("900") }, 901n],
  [
    "what AWS holds, when our state was restored from a backup",
    { now: new Date(5), stored: parseCrlNumber("900"), readBack: parseCrlNumber("950") },
    951n,
  ],
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
  test("when the clock gives no time", () => {
    expect(() => nextCrlNumber({ now: new Date(Number.NaN) })).toThrow(
      expect.objectContaining({ code: "ERR_CRL_NUMBER" }),
    );
  });
  test("when 20 octets are used up", () => {
    const stored = parseCrlNumber(String(2n ** 159n - 1n));
    expect(() => nextCrlNumber({ now, stored })).toThrow(expect.objectContaining({ code: "ERR_CRL_NUMBER" }));
  });
});
