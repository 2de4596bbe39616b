import { systemClock } from "@capstan/kube";
import { describe, expect, test } from "vitest";
import { ScaledTime } from "../src/time-scale.ts";

const origin = Date.parse("2026-11-22T12:00:00Z");

describe("time that runs faster", () => {
  test("is-real-time-at-its-origin", () => {
    expect(new ScaledTime(origin, 40).at(origin)).toBe(origin);
  });

  test("is-forty-seconds-further-after-one", () => {
    expect(new ScaledTime(origin, 40).at(origin + 1_000)).toBe(origin + 40_000);
  });

  test("is-behind-real-time-before-its-origin", () => {
    expect(new ScaledTime(origin, 40).at(origin - 1_000)).toBe(origin - 40_000);
  });

  test("is-the-same-for-whoever-reads-it-from-the-environment", () => {
    const read = ScaledTime.parse(new ScaledTime(origin, 90).format());
    expect([read.origin, read.factor]).toEqual([origin, 90]);
  });

  test("rings-sooner-by-its-factor", async () => {
    const { clock } = new ScaledTime(origin, 100);
    const begun = systemClock.monotonic();
    await new Promise<void>((resolve) => void clock.setTimer(resolve, 10_000));
    const realMs = systemClock.monotonic() - begun;
    expect(realMs).toBeGreaterThan(90);
    expect(realMs).toBeLessThan(10_000);
  });

  test("measures-intervals-by-its-factor", async () => {
    const { clock } = new ScaledTime(origin, 100);
    const begun = clock.monotonic();
    await new Promise<void>((resolve) => void systemClock.setTimer(resolve, 50));
    expect(clock.monotonic() - begun).toBeGreaterThan(4_500);
  });

  test("ends-a-pause-of-the-pace-with-the-signal", async () => {
    const { pacing } = new ScaledTime(origin, 2);
    await expect(pacing.sleep(3_600_000, AbortSignal.timeout(5))).rejects.toThrow();
  });

  test.each([undefined, "", "40", "@1795348800000", "40@", "-1@5", "40@soon", "40@1795348800000 "])(
    "cannot-be-read-from-%j",
    (text) => {
      expect(() => ScaledTime.parse(text)).toThrow("CAPSTAN_TEST_TIME_SCALE is");
    },
  );

  test.each([0, 0.5, 201, Number.NaN])("does-not-run-%d-times-as-fast", (factor) => {
    expect(() => new ScaledTime(origin, factor)).toThrow(RangeError);
  });
});
