import { expect, test } from "vitest";
import { earliestTime } from "../src/earliest-time.ts";

const own = Date.parse("2026-11-22T12:00:00Z");
const minute = 60_000;

test.each([
  ["no-other-clock-is-known", {}, 0],
  ["ours-is-behind", { apiServer: own + minute, aws: own + 2 * minute }, 0],
  ["ours-is-ahead-of-kubernetes", { apiServer: own - 4 * minute }, -4 * minute],
  ["ours-is-ahead-of-aws", { apiServer: own + minute, aws: own - 3 * minute }, -3 * minute],
  ["aws-is-ahead-of-kubernetes", { apiServer: own - 2 * minute, aws: own - minute }, -2 * minute],
] as const)("what-is-signed-begins-by-the-earliest-clock-when-%s", (_fact, others, expected) => {
  expect(earliestTime({ own, ...others }).getTime() - own).toBe(expected);
});
