import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseValidity, type ValidityQuestion } from "../../src/index.ts";
import { DAY, HOUR, MINUTE, NOW } from "../support/authority.ts";

const at = (ms: number): Date => new Date(NOW.getTime() + ms);
const question = (changes: Partial<ValidityQuestion> = {}): ValidityQuestion => ({
  now: NOW,
  requestedMs: DAY,
  maxMs: 7 * DAY,
  overMaximum: "Refuse",
  root: { notBefore: at(-DAY), notAfter: at(365 * DAY) },
  ...changes,
});

describe("chooseValidity gives", () => {
  test.each<[string, Partial<ValidityQuestion>, number, number, string?]>([
    ["both ends shifted by five minutes", {}, -5 * MINUTE, DAY - 5 * MINUTE],
    ["a twelfth of a short duration as shift", { requestedMs: 12 * MINUTE }, -MINUTE, 11 * MINUTE],
    ["whole seconds", { now: at(999), requestedMs: DAY + 999 }, -5 * MINUTE, DAY - 5 * MINUTE],
    ["the maximum itself", { requestedMs: 7 * DAY }, -5 * MINUTE, 7 * DAY - 5 * MINUTE],
    [
      "the maximum for more, when told to",
      { requestedMs: 90 * DAY, overMaximum: "Clamp" },
      -5 * MINUTE,
      7 * DAY - 5 * MINUTE,
      "maximum",
    ],
    ["no start before the root", { root: { notBefore: at(-MINUTE), notAfter: at(365 * DAY) } }, -MINUTE, DAY - MINUTE],
    [
      "R03 beyond the CA: an end five minutes before the root's",
      { root: { notBefore: at(-DAY), notAfter: at(HOUR) } },
      -5 * MINUTE,
      55 * MINUTE,
      "root",
    ],
  ])("%s", (_, changes, begin, end, clampedTo) => {
    const expected = {
      ok: true,
      notBefore: at(begin),
      notAfter: at(end),
      ...(clampedTo === undefined ? {} : { clampedTo }),
    };
    expect(chooseValidity(question(changes))).toEqual(expected);
  });
});

describe("chooseValidity refuses", () => {
  test.each<[string, Partial<ValidityQuestion>, string]>([
    ["R03 0", { requestedMs: 0 }, "not-a-duration"],
    ["R03 -1", { requestedMs: -1 }, "not-a-duration"],
    ["R03 NaN", { requestedMs: Number.NaN }, "not-a-duration"],
    ["R03 infinity", { requestedMs: Number.POSITIVE_INFINITY, overMaximum: "Clamp" }, "not-a-duration"],
    ["R03 1 s", { requestedMs: 1000 }, "under-minimum"],
    ["R03 2^63 ns", { requestedMs: 2 ** 63 / 1e6 }, "over-maximum"],
    ["R03 beyond the maximum", { requestedMs: 7 * DAY + 1 }, "over-maximum"],
    [
      "R03 beyond the CA's end, with too little of it left",
      { root: { notBefore: at(-DAY), notAfter: at(9 * MINUTE) } },
      "too-little-left",
    ],
    ["a fraction of a second", { requestedMs: 500, minMs: 100 }, "under-minimum"],
    ["R03 a beginning before the CA's", { now: at(-2 * DAY) }, "root-not-yet-valid"],
    ["a clock that gives no time", { now: new Date(Number.NaN) }, "root-not-yet-valid"],
    ["a root with too little left", { root: { notBefore: at(-DAY), notAfter: at(14 * MINUTE) } }, "too-little-left"],
    ["R03 a beginning after the CA's end", { now: at(366 * DAY) }, "too-little-left"],
  ])("%s", (_, changes, reason) => {
    expect(chooseValidity(question(changes))).toEqual({ ok: false, reason });
  });
});

describe("for a profile without the bound of a week, chooseValidity", () => {
  test("gives 896 hours where the maximum allows them", () => {
    const validity = chooseValidity(question({ requestedMs: 896 * HOUR, maxMs: 9_000 * HOUR }));
    expect(validity).toEqual({ ok: true, notBefore: at(-5 * MINUTE), notAfter: at(896 * HOUR - 5 * MINUTE) });
  });
});

test("no leaf outlives its root, begins before it, exceeds what was asked or the maximum, or is over at once", () => {
  const ms = fc.integer({ min: -2 * DAY, max: 400 * DAY });
  fc.assert(
    fc.property(
      ms,
      ms,
      fc.integer({ min: 1, max: 30 * DAY }),
      fc.integer({ min: HOUR, max: 10 * DAY }),
      fc.boolean(),
      (now, end, requestedMs, maxMs, clamp) => {
        const root = { notBefore: at(0), notAfter: at(end) };
        const validity = chooseValidity({
          now: at(now),
          requestedMs,
          maxMs,
          overMaximum: clamp ? "Clamp" : "Refuse",
          root,
        });
        if (!validity.ok) return;
        const { notBefore, notAfter } = validity;
        expect(notAfter.getTime()).toBeLessThanOrEqual(root.notAfter.getTime() - 5 * MINUTE);
        expect(notBefore.getTime()).toBeGreaterThanOrEqual(root.notBefore.getTime());
        expect(notBefore.getTime()).toBeLessThanOrEqual(at(now).getTime());
        expect(notAfter.getTime()).toBeGreaterThan(at(now).getTime() + 9 * MINUTE);
        expect(notAfter.getTime() - notBefore.getTime()).toBeLessThanOrEqual(Math.min(requestedMs, maxMs));
        expect([notBefore.getMilliseconds(), notAfter.getMilliseconds()]).toEqual([0, 0]);
      },
    ),
    { numRuns: 2000 },
  );
});
