import { expect, test } from "vitest";
import { AwsClock } from "../../src/rotation/aws-clock.ts";

const date = Date.parse("2026-11-22T03:00:00Z");

test("says-nothing-before-aws-has-answered", () => {
  expect(new AwsClock(() => 0).now(60_000)).toBeUndefined();
});

test("is-the-date-that-aws-said-and-what-has-passed-since", () => {
  let monotonic = 1_000;
  const clock = new AwsClock(() => monotonic);
  clock.heard(date);
  monotonic += 60_000;
  expect(clock.now(60_000)).toBe(date + 60_000);
  monotonic += 1;
  expect(clock.now(60_000)).toBeUndefined();
});

test("a-date-that-cannot-be-read-changes-nothing", () => {
  const clock = new AwsClock(() => 0);
  clock.heard(date);
  clock.heard(Number.NaN);
  expect(clock.now(0)).toBe(date);
});
