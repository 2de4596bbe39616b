import { describe, expect, test } from "vitest";
import { Attempts } from "../../src/requests/attempts.ts";

const minute = 60_000;

/** Attempts on a clock that only the test moves. */
class Trial {
  now = 0;
  readonly attempts: Attempts;

  constructor(options: { readonly limitMs?: number; readonly random?: () => number } = {}) {
    const { limitMs = 10 * minute, random = () => 1 } = options;
    this.attempts = new Attempts({ limitMs, monotonic: () => this.now, random });
  }

  fail(isPatient = false, leastMs = 0): number | "give up" {
    return this.attempts.fail("demo/web", { isPatient, leastMs });
  }
}

describe("the wait before the next attempt", () => {
  test("doubles from a second to a minute", () => {
    const trial = new Trial();
    const waits = Array.from({ length: 8 }, () => trial.fail());
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000));
  });

  test.each<[random: number, ms: number]>([
    [0, 500],
    [0.5, 750],
    [1, 1_000],
  ])("is between half and the whole of that: %d", (random, ms) => {
    expect(new Trial({ random: () => random }).fail()).toBe(ms);
  });

  test("is no shorter than was asked for", () => {
    expect(new Trial().fail(false, 90_000)).toBe(90_000);
  });

  test("begins anew after a success", () => {
    const trial = new Trial();
    for (let attempt = 0; attempt < 3; attempt += 1) trial.fail();
    trial.attempts.forget("demo/web");
    expect(trial.fail()).toBe(1_000);
  });

  test("is each request's own", () => {
    const trial = new Trial();
    trial.fail();
    expect(trial.attempts.fail("demo/other", { isPatient: false })).toBe(1_000);
  });
});

describe("the limit", () => {
  test("ends the attempts when it has passed since the first failure", () => {
    const trial = new Trial();
    trial.fail();
    trial.now = 10 * minute - 1;
    expect(trial.fail()).not.toBe("give up");
    trial.now = 10 * minute;
    expect(trial.fail()).toBe("give up");
  });

  test("does not count what went before the first failure: a long outage ends with a retry, not with a failure", () => {
    const trial = new Trial();
    trial.now = 10 * 60 * minute;
    expect(trial.fail()).toBe(1_000);
  });

  test("begins anew when the attempts were forgotten", () => {
    const trial = new Trial();
    trial.fail();
    trial.attempts.forget("demo/web");
    trial.now = 10 * minute;
    expect(trial.fail()).toBe(1_000);
  });

  test("never ends patient attempts", () => {
    const trial = new Trial();
    trial.fail(true);
    trial.now = 100 * minute;
    expect(trial.fail(true)).toBe(2_000);
  });

  test("does not count the time of patient ones in between", () => {
    const trial = new Trial();
    trial.fail();
    trial.now = 9 * minute;
    trial.fail(true);
    trial.now = 18 * minute;
    expect(trial.fail()).not.toBe("give up");
  });

  test("of 0 is none", () => {
    const trial = new Trial({ limitMs: 0 });
    trial.fail();
    trial.now = 1e9;
    expect(trial.fail()).toBe(2_000);
  });
});
