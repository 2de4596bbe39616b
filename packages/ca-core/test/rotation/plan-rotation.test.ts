import { describe, expect, test } from "vitest";
import type { RotationObservation } from "../../src/rotation/observation.ts";
import { planRotation } from "../../src/rotation/plan-rotation.ts";
import {
  anchor,
  codesFor,
  DAY,
  failure,
  generation,
  held,
  MINUTE,
  NOW,
  observation,
  POLICY,
  reading,
  reasonsFor,
} from "./observation.ts";

type Changes = Partial<RotationObservation>;

describe("who waits looks again", () => {
  const lookAgainAt = (changes: Changes) => {
    const plan = planRotation(observation(changes));
    return plan.next === "wait" ? plan.lookAgainAt : "acts";
  };
  const failing = (readAt: number) => [anchor([1], { failure, reading: reading([1], { readAt }) })];
  const draining = [
    generation(1, "Draining", { mark: { notAfter: NOW - 8 * MINUTE, sealed: true } }),
    generation(2, "Active"),
  ];

  test.each<[string, Changes, number | undefined]>([
    ["when-the-next-reading-is-due", {}, NOW - 10_000 + 5 * MINUTE],
    [
      "when-the-first-of-several-readings-is-due",
      {
        anchors: [anchor([1]), anchor([1], { name: "other", reading: reading([1], { readAt: NOW - MINUTE }) })],
      },
      NOW + 4 * MINUTE,
    ],
    ["without-anchors-when-the-first-reason-ends", { anchors: [] }, NOW + 235 * DAY],
    [
      "when-an-anchor-that-was-never-read-may-be-called-again",
      { anchors: [anchor([], { reading: undefined, failure })] },
      NOW + MINUTE,
    ],
    [
      "when-an-anchor-whose-reading-is-overdue-may-be-called-again",
      { anchors: failing(NOW - 6 * MINUTE) },
      NOW + MINUTE,
    ],
    [
      "when-an-anchor-whose-reading-is-due-now-may-be-called-again",
      { anchors: failing(NOW - 5 * MINUTE) },
      NOW + MINUTE,
    ],
    [
      "when-a-drain-ends-by-a-clock-that-is-behind-our-own",
      {
        generations: draining,
        anchors: [anchor([1, 2], { reading: reading([1, 2], { readAt: NOW + 4 * MINUTE }) })],
        time: { own: NOW + 4 * MINUTE, apiServer: NOW, aws: NOW, highWater: NOW },
      },
      NOW + 2 * MINUTE,
    ],
    [
      "when-time-comes-near-what-was-reached-before",
      {
        anchors: [],
        time: { own: NOW, apiServer: NOW, aws: undefined, highWater: NOW + DAY },
      },
      NOW + DAY - 5 * MINUTE,
    ],
    [
      "not-by-itself-when-only-a-change-can-help",
      {
        anchors: [],
        time: { own: NOW, apiServer: undefined, aws: undefined, highWater: NOW },
      },
      undefined,
    ],
  ])("%s", (_name, changes, at) => {
    expect(lookAgainAt({ policy: POLICY, ...changes })).toBe(at);
  });

  test("and-says-no-date-where-there-is-none", () => {
    const time = { own: NOW, apiServer: undefined, aws: undefined, highWater: NOW };
    expect(planRotation(observation({ anchors: [], time }))).toStrictEqual({
      next: "wait",
      reason: {
        code: "TimeUntrusted",
        message:
          "No generation changes its phase, since the time is not known: the publisher's clock says 2027-06-01T00:00:00Z, and neither the API server nor AWS has answered",
      },
      notes: [],
    });
  });
});

describe("every reason is told once", () => {
  test("for-each-anchor", () => {
    const anchors = ["one", "two"].map((name) => anchor([1], { name, failure }));
    expect(reasonsFor({ anchors }).map(({ code, anchor: name }) => [code, name])).toStrictEqual([
      ["AnchorUnreachable", "one"],
      ["AnchorUnreachable", "two"],
      ["RotationNotDue", undefined],
    ]);
  });

  test("for-each-generation", () => {
    const generations = [generation(1, "Draining"), generation(2, "Draining"), generation(3, "Active")];
    const told = reasonsFor({ generations, anchors: [] });
    expect(told.filter(({ code }) => code === "Draining").map((reason) => reason.generation)).toStrictEqual([2, 1]);
  });

  test("in-the-words-in-which-it-was-found-first", () => {
    const freeze = held({ byOperator: true });
    const told = reasonsFor({ freeze, operations: [{ name: "stop", kind: "Freeze" }] });
    expect(told.filter(({ code }) => code === "FreezeNotAcknowledged")).toStrictEqual([
      {
        code: "FreezeNotAcknowledged",
        message: "Issuing is held, and the issuer has not yet said that it stands still",
      },
    ]);
  });
});

describe("an operator is told whatever else happens", () => {
  const told = (code: string, changes: Changes) => codesFor(changes).includes(code);

  test("that-an-anchor-is-disabled-and-what-helps", () => {
    const anchors = [anchor([1], { joined: false, reading: reading([1], { state: "Disabled" }) })];
    expect(reasonsFor({ anchors })[0]).toStrictEqual({
      code: "AnchorDisabled",
      anchor: "prod",
      message: "Trust anchor prod is disabled: nobody gets a session by it; enable it in AWS, or set ignore",
    });
  });

  test("that-the-key-of-the-generation-that-signs-is-missing", () => {
    expect(told("KeyMissing", { generations: [generation(1, "Active", { hasKey: false })] })).toBe(true);
    expect(told("KeyMissing", {})).toBe(false);
    expect(told("KeyMissing", { generations: [generation(1, "Draining", { hasKey: false })], anchors: [] })).toBe(
      false,
    );
  });

  test.each([
    ["by-an-operator", held({ byOperator: true }), true],
    ["by-an-operator-and-the-issuer-stands-still", held({ byOperator: true, acknowledged: true }), false],
    ["by-nobody", held(), false],
  ])("that-issuing-is-held-%s", (_name, freeze, isTold) => {
    expect(told("FreezeNotAcknowledged", { freeze })).toBe(isTold);
  });

  test("that-issuing-is-held-for-a-compromise", () => {
    const operations = [{ name: "stolen", kind: "Compromised", generations: [1] }] as const;
    const generations = [generation(1, "Active", { compromised: true }), generation(2, "Pending")];
    const freeze = held({ byCompromise: true });
    expect(told("FreezeNotAcknowledged", { operations, freeze, generations })).toBe(true);
    expect(told("FreezeNotAcknowledged", { operations, freeze: { ...freeze, acknowledged: true }, generations })).toBe(
      false,
    );
  });
});
