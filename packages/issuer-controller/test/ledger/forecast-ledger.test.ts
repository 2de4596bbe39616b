import * as fc from "fast-check";
import { expect, test } from "vitest";
import { forecastLedger, measuredLedgerCosts } from "../../src/ledger/forecast-ledger.ts";
import { planPruning } from "../../src/ledger/plan-pruning.ts";

const hour = 3_600_000;
const day = 24 * hour;
const costs = { etcdBytesPerRecord: 10, apiServerBytesPerRecord: 20, source: "made up" };

test.each([
  ["5,000 workloads with leaves of a day", 7_500, day, day, 15_000],
  ["leaves of a week", 1_000, 7 * day, day, 8_000],
  ["nobody issues", 0, day, day, 0],
  ["part of a record is one", 1, hour, 0, 1],
])("%s", (_, issuesPerDay, lifetimeMs, retentionMs, records) => {
  expect(forecastLedger({ issuesPerDay, lifetimeMs, retentionMs, costs })).toEqual({
    records,
    etcdBytes: records * 10,
    apiServerBytes: records * 20,
  });
});

test("a ledger that is pruned by its rules grows to what was forecast", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 48 }),
      fc.integer({ min: 1, max: 72 }),
      fc.integer({ min: 0, max: 48 }),
      (perHour, lifetime, retention) => {
        const [lifetimeMs, retentionMs] = [lifetime * hour, retention * hour];
        let ledger: { readonly name: string; readonly notAfter: number }[] = [];
        let most = 0;
        for (let now = 0; now <= (lifetime + retention + 10) * hour; now += hour) {
          const due = new Set<unknown>(planPruning(ledger, ledger.length, { now, retentionMs, limit: 1e9 }).due);
          ledger = ledger.filter((entry) => !due.has(entry));
          for (let index = 0; index < perHour; index += 1)
            ledger.push({ name: `${now}-${index}`, notAfter: now + lifetimeMs });
          most = Math.max(most, ledger.length);
        }
        const { records } = forecastLedger({ issuesPerDay: perHour * 24, lifetimeMs, retentionMs });
        // It is looked at once an hour here, so one hour's records may lie about.
        expect(most - records).toBeGreaterThanOrEqual(0);
        expect(most - records).toBeLessThanOrEqual(perHour);
      },
    ),
    { numRuns: 30 },
  );
});

test.each([
  ["issuesPerDay", -1],
  ["lifetimeMs", Number.NaN],
  ["retentionMs", Number.POSITIVE_INFINITY],
])("a forecast with %s %d is refused", (name, value) => {
  const input = { issuesPerDay: 1, lifetimeMs: day, retentionMs: day, [name]: value };
  expect(() => forecastLedger(input)).toThrow(new RangeError(`${name} ${value}: must be a number from 0`));
});

test("the measured costs say where they are from", () => {
  expect(measuredLedgerCosts.etcdBytesPerRecord).toBeGreaterThan(1_000);
  expect(measuredLedgerCosts.apiServerBytesPerRecord).toBeGreaterThan(1_000);
  expect(measuredLedgerCosts.source).toMatch(/bench:ledger, \d{4}-\d\d-\d\d/);
});
