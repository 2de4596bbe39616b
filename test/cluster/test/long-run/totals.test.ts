import { expect, test } from "vitest";
import { formatTotals } from "../../src/long-run/totals.ts";

test("totals-name-every-outcome-also-those-of-none", () => {
  const results = [{ outcome: "passed" }, { outcome: "passed" }, { outcome: "skipped" }] as const;
  expect(formatTotals(results)).toBe("2 passed, 0 failed, 1 skipped");
  expect(formatTotals([])).toBe("0 passed, 0 failed, 0 skipped");
});
