import { describe, expect, test } from "vitest";
import { DurationError, formatDuration, parseDuration } from "@capstan/api";

describe("parseDuration", () => {
  test.each([
    ["24h", 86_400_000],
    ["8760h", 31_536_000_000],
    ["2160h0m0s", 7_776_000_000],
    ["1h30m", 5_400_000],
    ["1m30.5s", 90_500],
    ["10ms", 10],
    ["1.1h", 3_960_000],
    [".5s", 500],
    ["1.s", 1_000],
    ["+5m", 300_000],
    ["-5m", -300_000],
    ["0", 0],
    ["-0s", 0],
    ["0h0m0s", 0],
    ["999us", 0],
    ["1500µs", 1],
    ["1500μs", 1],
    ["1999999ns", 1],
    ["1m1m", 120_000],
    ["2562047h47m16.854s", 9_223_372_036_854],
  ])("reads %s as Go does", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each([
    [""],
    ["7d"],
    ["3 weeks"],
    ["24"],
    ["h"],
    [".h"],
    ["24 h"],
    [" 24h"],
    ["24h "],
    ["24h\n"],
    ["24H"],
    ["1h-5m"],
    ["--5m"],
    ["1e3s"],
    ["1,5h"],
    ["0x10h"],
    ["٣h"],
    ["Infinityh"],
    ["2562048h"],
    [`${"9".repeat(30)}h`],
    [`${"0".repeat(64)}h`],
  ])("refuses %j", (text) => {
    expect(() => parseDuration(text)).toThrow(DurationError);
  });

  test("says what to write instead", () => {
    expect(() => parseDuration("7d")).toThrow(
      '"7d" is not a duration: write numbers with units from h, m, s, ms, us and ns, for example "24h" or "1h30m" (days are "168h", not "7d")',
    );
  });
});

describe("formatDuration", () => {
  test.each([
    [0, "0s"],
    [1, "1ms"],
    [86_400_000, "24h"],
    [5_400_000, "1h30m"],
    [90_500, "1m30s500ms"],
    [-300_000, "-5m"],
    [31_536_000_000, "8760h"],
  ])("writes %d as %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY], [1.5], [2 ** 53]])("refuses %d", (milliseconds) => {
    expect(() => formatDuration(milliseconds)).toThrow(RangeError);
  });
});
