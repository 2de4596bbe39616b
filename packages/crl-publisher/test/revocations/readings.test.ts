import { parseCrlNumber } from "@capstan/ca-core";
import { describe, expect, test } from "vitest";
import { type Reading, Readings } from "../../src/revocations/readings.ts";

function reading(change: Partial<Omit<Reading, "crl">> & { readonly number?: number } = {}): Reading {
  const { number = 5, ...rest } = change;
  const crl = { number: parseCrlNumber(String(number)), serials: new Set(["4f1c"]) };
  return { authority: "fleet", anchor: "prod", generation: 1, at: 0, ...rest, crl };
}

test("there-is-nothing-after-a-start", () => {
  const readings = new Readings();
  expect(readings.of("fleet", "prod", 1)).toBeUndefined();
  expect(readings.highestCrlNumber("fleet", 1)).toBeUndefined();
});

describe("a reading", () => {
  const readings = new Readings();
  readings.record(reading());

  test.each<[fact: string, authority: string, anchor: string, generation: number]>([
    ["another-authority", "other", "prod", 1],
    ["another-anchor", "fleet", "test", 1],
    ["another-generation", "fleet", "prod", 2],
    ["names-that-only-meet-when-joined", "fleet/prod", "", 1],
  ])("is not one of %s", (_fact, authority, anchor, generation) => {
    expect(readings.of(authority, anchor, generation)).toBeUndefined();
  });

  test("takes-the-place-of-the-one-before", () => {
    const other = new Readings();
    other.record(reading({ number: 5 }));
    other.record(reading({ number: 7, at: 9 }));
    expect(other.of("fleet", "prod", 1)).toMatchObject({ at: 9, crl: { number: 7n } });
  });
});

test.each<[fact: string, readings: readonly Reading[], expected: bigint | undefined]>([
  ["the-highest-number-is-that-of-any-anchor", [reading({ number: 5 }), reading({ anchor: "test", number: 9 })], 9n],
  ["a-number-that-fell-is-taken-as-read", [reading({ number: 9 }), reading({ number: 5 })], 5n],
  ["other-generations-do-not-count", [reading({ generation: 2, number: 9 })], undefined],
  ["other-authorities-do-not-count", [reading({ authority: "other", number: 9 })], undefined],
])("%s", (_fact, list, expected) => {
  const readings = new Readings();
  for (const one of list) readings.record(one);
  expect(readings.highestCrlNumber("fleet", 1)).toBe(expected);
});

test("every-listener-hears-of-every-reading", () => {
  const readings = new Readings();
  const heard: string[] = [];
  readings.onReading(({ anchor }) => heard.push(`first ${anchor}`));
  readings.onReading(({ anchor }) => heard.push(`second ${anchor}`));
  readings.record(reading());
  readings.record(reading({ anchor: "test" }));
  expect(heard).toEqual(["first prod", "second prod", "first test", "second test"]);
});
