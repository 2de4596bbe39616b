import { array, assert, integer, property } from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../../kube/test/manual-clock.ts";
import { CrlPace, crlPaceSettings } from "../../src/crl/crl-pace.ts";

const { quietMs, longestMs, longestBusyMs, spacingMs } = crlPaceSettings;

let clock: ManualClock;
let start: number;
let woken: (readonly [authority: string, ms: number])[];
let pace: CrlPace;
let isBusy: boolean;

beforeEach(begin);

function begin(): void {
  clock = new ManualClock();
  start = clock.monotonic();
  woken = [];
  isBusy = false;
  pace = new CrlPace({
    clock,
    wake: (authority) => woken.push([authority, clock.monotonic() - start]),
    isBusy: () => isBusy,
  });
}

/** What the publisher does when it is woken. */
function publishWhenDue(): boolean {
  if (pace.waitMs("fleet", 1) > 0) return false;
  pace.published("fleet", 1, pace.noticings("fleet", 1));
  return true;
}

describe("an authority is woken", () => {
  test("once-it-was-quiet", () => {
    pace.noticed("fleet", 1);
    clock.advance(quietMs - 1);
    expect(woken).toEqual([]);
    clock.advance(1);
    expect(woken).toEqual([["fleet", quietMs]]);
  });

  test("after-the-last-of-many", () => {
    pace.noticed("fleet", 1);
    clock.advance(quietMs - 1);
    pace.noticed("fleet", 1);
    clock.advance(quietMs - 1);
    expect(woken).toEqual([]);
    clock.advance(1);
    expect(woken).toEqual([["fleet", 2 * quietMs - 1]]);
  });

  test("though-they-never-stop", () => {
    for (let ms = 0; ms < longestMs; ms += quietMs / 5) {
      pace.noticed("fleet", 1);
      clock.advance(quietMs / 5);
    }
    expect(woken).toEqual([["fleet", longestMs]]);
  });

  test("later-while-more-are-known-to-come-and-soon-after-the-last-of-them", () => {
    isBusy = true;
    pace.noticed("fleet", 1);
    clock.advance(2 * longestMs);
    expect(woken).toEqual([]);
    isBusy = false;
    clock.advance(quietMs);
    expect(woken).toHaveLength(1);
  });

  test("though-more-are-always-known-to-come", () => {
    isBusy = true;
    pace.noticed("fleet", 1);
    clock.advance(longestBusyMs);
    expect([woken, pace.waitMs("fleet", 1)]).toEqual([[["fleet", longestBusyMs]], 0]);
  });

  test("by-one-timer-however-many-come", () => {
    for (let count = 0; count < 1_000; count += 1) pace.noticed("fleet", 1);
    expect(clock.timers).toBe(1);
  });

  test("not-sooner-after-a-crl-than-the-spacing", () => {
    pace.published("fleet", 1, 0);
    pace.noticed("fleet", 1);
    clock.advance(spacingMs);
    expect(woken).toEqual([["fleet", spacingMs]]);
  });

  test("again-when-something-comes-after-it-was-woken-and-nothing-was-made", () => {
    pace.noticed("fleet", 1);
    clock.advance(quietMs);
    pace.noticed("fleet", 1);
    clock.advance(longestMs);
    expect(woken).toHaveLength(2);
  });

  test("by-the-first-question-when-nobody-had-noticed", () => {
    expect(pace.waitMs("fleet", 1)).toBe(quietMs);
    clock.advance(quietMs);
    expect([woken, pace.waitMs("fleet", 1)]).toEqual([[["fleet", quietMs]], 0]);
  });

  test("never-for-what-is-published-already", () => {
    pace.noticed("fleet", 1);
    pace.nothingNew("fleet", 1, 1);
    clock.advance(10 * longestMs);
    expect([woken, clock.timers]).toEqual([[], 0]);
  });

  test.each(["published", "nothingNew"] as const)("for-what-comes-while-a-crl-is-made-without-it-%s", (ended) => {
    pace.noticed("fleet", 1);
    clock.advance(quietMs);
    const noticings = pace.noticings("fleet", 1);
    pace.noticed("fleet", 1);
    pace[ended]("fleet", 1, noticings);
    clock.advance(spacingMs);
    expect(woken).toHaveLength(2);
    pace.nothingNew("fleet", 1, pace.noticings("fleet", 1));
    clock.advance(10 * longestMs);
    expect([woken.length, clock.timers]).toEqual([2, 0]);
  });

  test("when-it-was-told-to-wait-though-the-one-that-was-known-to-come-does-not", () => {
    pace.noticed("fleet", 1);
    clock.advance(quietMs);
    isBusy = true;
    expect(pace.waitMs("fleet", 1)).toBe(quietMs);
    isBusy = false;
    clock.advance(quietMs);
    expect([woken.length, pace.waitMs("fleet", 1)]).toEqual([2, 0]);
  });

  test("each-for-itself", () => {
    pace.noticed("fleet", 1);
    pace.published("fleet", 2, 0);
    pace.published("other", 1, 0);
    clock.advance(quietMs);
    expect(woken).toEqual([["fleet", quietMs]]);
  });
});

test("however-they-come-each-is-in-a-crl-in-time-and-crls-keep-their-distance", () => {
  const gaps = array(integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 40 });
  assert(
    property(gaps, (some) => {
      begin();
      const crls: number[] = [];
      const waits: number[] = [];
      let open: number[] = [];
      const settle = (): void => {
        if (open.length === 0 || !publishWhenDue()) return;
        const now = clock.monotonic();
        crls.push(now);
        waits.push(...open.map((at) => now - at));
        open = [];
      };
      pace = new CrlPace({ clock, wake: settle });
      for (const gap of some) {
        clock.advance(gap);
        open.push(clock.monotonic());
        pace.noticed("fleet", 1);
      }
      clock.advance(longestMs + spacingMs);
      expect(open).toEqual([]);
      expect(Math.max(...waits)).toBeLessThanOrEqual(longestMs + spacingMs);
      const distances = crls.slice(1).map((at, index) => at - (crls[index] ?? 0));
      expect(Math.min(spacingMs, ...distances)).toBe(spacingMs);
    }),
    { numRuns: 500 },
  );
});

test("a-thousand-within-a-second-are-two-crls-at-most", () => {
  let crls = 0;
  pace = new CrlPace({ clock, wake: () => void (publishWhenDue() && (crls += 1)) });
  for (let count = 0; count < 1_000; count += 1) {
    pace.noticed("fleet", 1);
    clock.advance(1);
  }
  clock.advance(60_000);
  expect(crls).toBe(1);
});
