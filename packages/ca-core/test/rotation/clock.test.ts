import { describe, expect, test } from "vitest";
import type { ClockReadings } from "../../src/rotation/observation.ts";
import { planRotation } from "../../src/rotation/plan-rotation.ts";
import { trustedTime } from "../../src/rotation/trusted-time.ts";
import {
  actionFor,
  afterTheDrain,
  anchor,
  beforeTheSwitch,
  codesFor,
  DAY,
  generation,
  MINUTE,
  NOW,
  observation,
  reading,
} from "./observation.ts";

const agreed: ClockReadings = { own: NOW, apiServer: NOW, aws: NOW, highWater: NOW - MINUTE };

describe("C03 the clock", () => {
  test.each([
    ["own-clock-a-day-ahead", { own: NOW + DAY }],
    ["own-clock-a-day-behind", { own: NOW - DAY }],
    ["api-server-a-day-ahead", { apiServer: NOW + DAY }],
    ["aws-a-day-behind", { aws: NOW - DAY }],
    ["own-clock-frozen-for-six-minutes", { own: NOW - 6 * MINUTE }],
    ["everything-a-day-behind-what-was-reached-before", { highWater: NOW + DAY }],
    ["no-clock-but-our-own", { apiServer: undefined, aws: undefined }],
    ["a-clock-that-gives-no-time", { own: Number.NaN }],
    ["an-api-server-that-gives-no-time", { apiServer: Number.NaN }],
  ])("C03 %s stops every transition", (_name, change) => {
    const time = { ...agreed, ...change };
    for (const state of [beforeTheSwitch, afterTheDrain]) {
      expect(codesFor({ ...state, time })).toContain("TimeUntrusted");
      expect(["ReadAnchor", undefined]).toContain(actionFor({ ...state, time })?.do);
    }
  });

  test("C03 a jump of a day in the middle of a drain ends no drain, and when it is mended the drain goes on", () => {
    const generations = [
      generation(1, "Draining", { mark: { notAfter: NOW + 20 * 60 * MINUTE, sealed: true } }),
      generation(2, "Active"),
    ];
    const state = { generations, anchors: [anchor([1, 2])] };
    expect(codesFor({ ...state, time: { ...agreed, own: NOW + DAY } })[0]).toBe("TimeUntrusted");
    // Together with the API server, by one wrong time server: AWS's own date still differs.
    expect(codesFor({ ...state, time: { ...agreed, own: NOW + DAY, apiServer: NOW + DAY } })[0]).toBe("TimeUntrusted");
    expect(codesFor(state)).toContain("Draining");
  });

  test("C03 a jump forward of every clock is not believed in the reading's age, and a jump back waits for the high water", () => {
    const later = NOW + DAY;
    const jumped = { own: later, apiServer: later, aws: later, highWater: NOW };
    expect(actionFor({ ...beforeTheSwitch, time: jumped })).toEqual({ do: "ReadAnchor", anchor: "prod" });
    const back = planRotation(observation({ time: { ...agreed, highWater: later } }));
    expect(back).toMatchObject({ next: "wait", reason: { code: "TimeUntrusted", until: later - 5 * MINUTE } });
  });

  test("C03 differences of five minutes are tolerated, and the earliest clock counts", () => {
    expect(trustedTime({ ...agreed, own: NOW + 5 * MINUTE })).toEqual({ ok: true, now: NOW });
    expect(trustedTime({ ...agreed, aws: NOW - 5 * MINUTE })).toEqual({ ok: true, now: NOW - 5 * MINUTE });
    expect(trustedTime({ ...agreed, own: NOW + 5 * MINUTE + 1 }).ok).toBe(false);
    expect(trustedTime({ ...agreed, highWater: NOW + 5 * MINUTE }).ok).toBe(true);
    expect(trustedTime({ ...agreed, highWater: NOW + 5 * MINUTE + 1 }).ok).toBe(false);
  });

  test("C03 a clock that gives no time is told as such", () => {
    expect(trustedTime({ own: NOW, apiServer: Number.NaN, aws: undefined, highWater: NOW })).toStrictEqual({
      ok: false,
      message:
        "the clocks are more than five minutes apart: the publisher's clock says 2027-06-01T00:00:00Z, the API server says an unknown time; correct the one that is wrong",
    });
  });

  test("C03 a leap second is within the tolerance", () => {
    expect(actionFor({ ...beforeTheSwitch, time: { ...agreed, aws: NOW - 1_000 } })?.do).toBe("SealMark");
  });

  test("C03 a soak whose start lies in the future is not over", () => {
    const anchors = [anchor([1, 2], { reading: reading([1, 2], { equal: { count: 9, since: NOW + DAY } }) })];
    expect(codesFor({ ...beforeTheSwitch, anchors })).toContain("Soaking");
  });

  test("C03 a time zone does not matter: the plan is the same, again and again", () => {
    const zone = process.env["TZ"];
    const plans = ["UTC", "Pacific/Kiritimati", "America/St_Johns"].map((name) => {
      process.env["TZ"] = name;
      return JSON.stringify(planRotation(observation(afterTheDrain)));
    });
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
    expect(new Set(plans).size).toBe(1);
  });

  test("C03 a freeze does not wait for the time", () => {
    const operations = [{ name: "stop", kind: "Freeze" }] as const;
    expect(actionFor({ operations, time: { ...agreed, own: NOW + DAY } })).toEqual({ do: "Freeze", hold: "Operator" });
  });
});
