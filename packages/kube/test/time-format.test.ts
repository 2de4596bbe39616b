import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatMicroTime, formatTime } from "../src/index.ts";

test.each<[number, string, string]>([
  [Date.UTC(2026, 10, 22, 1, 2, 3, 0), "2026-11-22T01:02:03Z", "2026-11-22T01:02:03.000000Z"],
  [Date.UTC(2026, 10, 22, 1, 2, 3, 4), "2026-11-22T01:02:03Z", "2026-11-22T01:02:03.004000Z"],
  [Date.UTC(2026, 10, 22, 1, 2, 3, 999), "2026-11-22T01:02:03Z", "2026-11-22T01:02:03.999000Z"],
])("%i", (at, time, microTime) => {
  expect([formatTime(at), formatMicroTime(at)]).toEqual([time, microTime]);
});

test("MicroTime has six decimals and keeps the millisecond", () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true }), (date) => {
      const text = formatMicroTime(date.getTime());
      expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      expect(Date.parse(text)).toBe(date.getTime());
    }),
  );
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])("%s is refused", (at) => {
  expect(() => formatTime(at)).toThrow(RangeError);
  expect(() => formatMicroTime(at)).toThrow(RangeError);
});
