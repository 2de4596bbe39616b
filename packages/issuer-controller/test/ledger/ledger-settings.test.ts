import { expect, test } from "vitest";
import { ledgerLimitSetting, ledgerRetentionSetting } from "../../src/ledger/ledger-settings.ts";

test.each([
  ["0", 0],
  ["36h", 129_600_000],
])("a retention of %s", (text, expected) => {
  expect(ledgerRetentionSetting.parse(text)).toBe(expected);
});

test.each(["-1h", "1d", "", undefined])("a retention of %j is refused", (text) => {
  expect(() => ledgerRetentionSetting.parse(text)).toThrow();
});

test.each(["0", "-1", "1.5", "1e5", "", "many", undefined, "9".repeat(30)])("a limit of %j is refused", (text) => {
  expect(() => ledgerLimitSetting.parse(text)).toThrow("is not a whole number from 1");
});
