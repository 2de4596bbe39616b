import { describe, expect, test } from "vitest";
import { leaseSettings, readSettings, SettingsError } from "../src/index.ts";

/** As a program's own: seconds alone. */
function parseSeconds(text: string): number {
  if (!/^-?[0-9]+s$/.test(text)) throw new Error(`${JSON.stringify(text)} is not a duration`);
  return Number.parseInt(text, 10) * 1_000;
}

const read = (...argv: readonly string[]) => readSettings(leaseSettings(parseSeconds), { argv, environment: {} });

test("without-flags-a-lease-lasts-thirty-seconds", () => {
  expect(read()).toEqual({ leaseDurationMs: 30_000, renewDeadlineMs: 20_000, retryPeriodMs: 5_000 });
});

test("each-flag-sets-its-own-time", () => {
  const flags = [
    "--leader-elect-lease-duration=4s",
    "--leader-elect-renew-deadline=3s",
    "--leader-elect-retry-period=1s",
  ];
  expect(read(...flags)).toEqual({ leaseDurationMs: 4_000, renewDeadlineMs: 3_000, retryPeriodMs: 1_000 });
});

describe.each(["lease-duration", "renew-deadline", "retry-period"])("--leader-elect-%s", (name) => {
  test.each([
    ["0s", '"0s" is not over zero'],
    ["-1s", '"-1s" is not over zero'],
    ["soon", '"soon" is not a duration'],
    ["", '"" is not a duration'],
  ])("refuses %j", (text, rule) => {
    expect(() => read(`--leader-elect-${name}=${text}`)).toThrow(new SettingsError(`--leader-elect-${name}: ${rule}`));
  });
});
