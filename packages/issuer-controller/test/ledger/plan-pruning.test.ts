import type { IssuedCertificate } from "@capstan/api";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { latestEndToPrune, type LedgerEntry, planPruning, reasonToKeep } from "../../src/ledger/plan-pruning.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const hour = 3_600_000;
const retentionMs = 24 * hour;

function entry(name: string, hoursAgo: number | undefined): LedgerEntry {
  return { name, notAfter: hoursAgo === undefined ? undefined : now - hoursAgo * hour };
}

function names(entries: readonly LedgerEntry[]): string {
  return entries.map(({ name }) => name).join(" ");
}

const entries = [entry("live", -1), entry("b", 3), entry("a", 5), entry("old", 24), entry("unlabelled", undefined)];

test.each([
  ["with room to spare only what is over", 100, 1_000, "old unlabelled", ""],
  ["one below the limit, counting what is over anyway, nothing more", 101, 100, "old unlabelled", ""],
  ["at the limit, where requests wait, the longest expired goes early", 102, 100, "old unlabelled", "a"],
  ["far over the limit every expired one goes, and no other", 9_000, 100, "old unlabelled", "a b"],
])("%s", (_, total, limit, due, early) => {
  const plan = planPruning(entries, total, { now, retentionMs, limit });
  expect([names(plan.due), names(plan.early)]).toEqual([due, early]);
});

test("no plan touches a leaf that is valid, and none takes more early than makes a hundredth of room", () => {
  const some = fc.array(
    fc.record({
      name: fc.uuid(),
      notAfter: fc.option(fc.integer({ min: now - 72 * hour, max: now + 72 * hour }), { nil: undefined }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(some, fc.nat(80), fc.nat(100 * hour), (entries, limit, retentionMs) => {
      const rules = { now, retentionMs, limit };
      const { due, early } = planPruning(entries, entries.length, rules);
      for (const { notAfter } of [...due, ...early]) expect(notAfter === undefined || notAfter <= now).toBe(true);
      const left = entries.length - due.length;
      if (early.length > 0) expect(left).toBeGreaterThanOrEqual(limit);
      if (early.length > 0) expect(left - early.length).toBeGreaterThanOrEqual(Math.floor(limit * 0.99));
      expect(new Set([...due, ...early]).size).toBe(due.length + early.length);
      // Whatever it chooses of all it also chooses of those that are read.
      const latestEnd = latestEndToPrune(entries.length, rules);
      const read = entries.filter(({ notAfter }) => notAfter === undefined || notAfter <= latestEnd);
      expect(planPruning(read, entries.length, rules)).toEqual({ due, early });
    }),
  );
});

function record(notAfter: string, status?: IssuedCertificate["status"]): IssuedCertificate {
  return {
    metadata: { name: "uid-1" },
    spec: { notAfter },
    ...(status === undefined ? {} : { status }),
  } as IssuedCertificate;
}

const revoked = { revoked: { at: "2026-11-01T00:00:00Z", reason: "keyCompromise", revocation: "demo/web" } } as const;

test.each<[string, IssuedCertificate, number, boolean, ReturnType<typeof reasonToKeep>]>([
  ["a leaf that is valid", record("2026-11-22T12:00:01Z"), 0, false, "valid"],
  ["a leaf in the last second of its validity", record("2026-11-22T12:00:00Z"), 0, false, "valid"],
  ["a leaf that is valid though it is revoked", record("2026-11-23T00:00:00Z", revoked), 0, false, "valid"],
  ["a leaf whose end cannot be read", record("soon"), 0, false, "valid"],
  ["a leaf that expired less than the retention ago", record("2026-11-21T12:00:01Z"), retentionMs, false, "retained"],
  ["a leaf whose request waits", record("2026-11-20T00:00:00Z"), retentionMs, true, "waiting"],
  ["a leaf whose request waits, when room is needed", record("2026-11-22T00:00:00Z"), 0, true, "waiting"],
])("%s keeps its record", (_, record, retentionMs, isWaiting, expected) => {
  expect(reasonToKeep(record, { now, retentionMs }, () => isWaiting)).toBe(expected);
});

test.each<[string, IssuedCertificate, number]>([
  ["a day after its end", record("2026-11-21T12:00:00Z"), retentionMs],
  ["a day after its end, revoked or not", record("2026-11-21T12:00:00Z", revoked), retentionMs],
  ["a second after its end when room is needed", record("2026-11-22T11:59:59Z"), 0],
])("a record may go %s", (_, record, retentionMs) => {
  expect(reasonToKeep(record, { now, retentionMs }, () => false)).toBeUndefined();
});
