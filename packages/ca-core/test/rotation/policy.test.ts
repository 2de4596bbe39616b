import { expect, test } from "vitest";
import { nextRotationAt, rotationPolicy } from "../../src/rotation/policy.ts";
import { DAY, HOUR, MINUTE } from "./observation.ts";

test("the defaults differ by the longest leaf alone", () => {
  expect(rotationPolicy(7 * DAY)).toStrictEqual({
    maxLeafMs: 7 * DAY,
    leadMs: 30 * DAY,
    soakMs: 15 * MINUTE,
    readBacks: 3,
    skewMs: 10 * MINUTE,
    retentionMs: 7 * DAY,
    publishDeadlineMs: 3 * DAY,
    readEveryMs: 5 * MINUTE,
    intentMs: 30_000,
  });
});

test.each([
  ["an hour", HOUR, 30 * DAY],
  ["eight days", 8 * DAY, 30 * DAY],
  ["eight days and an hour", 8 * DAY + HOUR, 30 * DAY + 2 * HOUR],
  ["thirty days", 30 * DAY, 74 * DAY],
])("leaves of %s leave time for two drains and two weeks, and for thirty days at least", (_name, maxLeafMs, leadMs) => {
  expect(rotationPolicy(maxLeafMs).leadMs).toBe(leadMs);
});

test.each([
  ["by the lead", 60 * DAY, 30 * DAY, 30 * DAY],
  ["by the lead", 365 * DAY, 30 * DAY, 335 * DAY],
  ["by half of its life when that is less", 60 * DAY - 2, 30 * DAY, 30 * DAY - 1],
])("the next generation is begun before the end of a root %s", (_name, lifeMs, leadMs, afterMs) => {
  const notBefore = Date.UTC(2027, 0, 1);
  expect(nextRotationAt({ notBefore, notAfter: notBefore + lifeMs }, { leadMs }) - notBefore).toBe(afterMs);
});
