import { describe, expect, test } from "vitest";
import type {
  AnchorObservation,
  CanaryResult,
  GenerationObservation,
  RotationObservation,
} from "../../../src/rotation/observation.ts";
import type { WaitCode } from "../../../src/rotation/reason.ts";
import { renewOwnLeaves } from "../../../src/rotation/steps/prove.ts";
import {
  actionFor,
  anchor,
  beforeTheSwitch,
  codesFor,
  crl,
  DAY,
  failure,
  generation,
  HOUR,
  MINUTE,
  NOW,
  reading,
  viewFor,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;

describe("a canary is run", () => {
  const withCanary = (last: Partial<CanaryResult> | undefined, changes: Partial<AnchorObservation> = {}) => ({
    anchors: [
      anchor([1, 2], {
        canary: {
          last:
            last === undefined
              ? undefined
              : {
                  generation: 2,
                  passed: false,
                  at: NOW - MINUTE,
                  message: "AccessDenied",
                  retryAt: NOW + MINUTE,
                  ...last,
                },
        },
        ...changes,
      }),
    ],
  });
  const run = { do: "RunCanary", anchor: "prod", generation: 2 };

  test.each<[string, Changes]>([
    ["for-the-first-time", withCanary(undefined)],
    ["again-when-its-time-has-come", withCanary({ retryAt: NOW })],
    ["again-when-another-clock-planned-the-retry", withCanary({ retryAt: NOW + 10 * MINUTE + 1 })],
    ["at-once-after-one-of-another-generation-failed", withCanary({ generation: 1 })],
    ["again-after-the-bundle-changed", withCanary({ passed: true, at: NOW - 2 * HOUR, retryAt: NOW })],
  ])("%s", (_name, changes) => {
    expect(actionFor({ ...beforeTheSwitch, ...changes })).toStrictEqual(run);
  });

  const published = (changes: Partial<GenerationObservation>) => ({
    generations: [generation(1, "Active"), generation(2, "Published", changes)],
  });
  test.each<[string, Changes, WaitCode]>([
    ["before-the-retry", withCanary({ retryAt: NOW + 1 }), "CanaryNotPassed"],
    ["ten-minutes-before-the-retry", withCanary({ retryAt: NOW + 10 * MINUTE }), "CanaryNotPassed"],
    ["while-aws-cannot-be-reached", withCanary(undefined, { failure }), "AnchorUnreachable"],
    ["without-the-key", { ...withCanary(undefined), ...published({ hasKey: false }) }, "KeyMissing"],
    [
      "with-a-sealed-mark",
      { ...withCanary(undefined), ...published({ mark: { notAfter: NOW, sealed: true } }) },
      "MarkSealed",
    ],
    [
      "by-a-state-from-a-backup",
      withCanary(undefined, { reading: reading([1, 2], { crls: [crl(1, { number: 11n }), crl(2)] }) }),
      "StateBehind",
    ],
    [
      "where-the-root-is-not-and-somebody-else-is-to-add-it",
      withCanary(undefined, { reading: reading([1]), manage: false }),
      "AddRootByHand",
    ],
    ["where-the-root-is-not-yet", withCanary(undefined, { reading: reading([1]), failure }), "AnchorLacksRoot"],
  ])("not-%s", (_name, changes, code) => {
    const world = { ...beforeTheSwitch, ...changes };
    expect(actionFor(world)).toBeUndefined();
    expect(codesFor(world)).toContain(code);
  });

  test("not-for-a-generation-that-is-not-yet-Published", () => {
    const generations = [generation(1, "Active"), generation(2, "Pending", { hasKey: false })];
    expect(actionFor({ ...beforeTheSwitch, ...withCanary(undefined), generations })).toBeUndefined();
  });

  test("not-when-what-signs-is-compromised", () => {
    const generations = [generation(1, "Active", { compromised: true }), generation(2, "Published")];
    const world = { ...beforeTheSwitch, ...withCanary(undefined, { manage: false }), generations };
    expect(actionFor(world)).toStrictEqual({ do: "SealMark", generation: 1, at: NOW });
  });
});

describe("our own leaf is had anew", () => {
  const drained = generation(1, "Draining", { mark: { notAfter: NOW - DAY, sealed: true } });
  const clean = generation(2, "Active");
  /** The root of the leaf has to go, from an anchor that somebody else manages. */
  const world = (generations: readonly GenerationObservation[], held: readonly number[], of = 1): Changes => ({
    generations,
    highestNumberSeen: 9,
    anchors: [anchor(held, { ownLeaf: { generation: of }, manage: false })],
  });
  const renewed = (number: number) => ({ do: "RenewOwnLeaf", anchor: "prod", generation: number });
  const sealedUntil = (notAfter: number) => ({ mark: { notAfter, sealed: true } });

  test.each<[string, Changes, object]>([
    ["from-the-one-that-signs", world([drained, clean], [1, 2]), renewed(2)],
    [
      "from-the-next-one-when-what-signs-is-compromised",
      world([generation(1, "Active", { compromised: true }), generation(2, "Pending")], [1, 2]),
      renewed(2),
    ],
    [
      "from-another-that-drains-and-can-sign-for-ten-minutes",
      world([drained, generation(2, "Draining", sealedUntil(NOW + 10 * MINUTE + 1))], [1, 2]),
      renewed(2),
    ],
  ])("%s", (_name, changes, action) => {
    expect(actionFor(changes)).toStrictEqual(action);
  });

  test.each<[string, Changes]>([
    ["while-its-root-stays", world([generation(1, "Active")], [1])],
    ["when-it-is-of-the-one-that-signs", world([drained, clean], [1, 2], 2)],
    ["from-one-whose-root-is-not-there", world([drained, clean], [1])],
    ["from-one-whose-key-is-lost", world([drained, generation(2, "Active", { hasKey: false })], [1, 2])],
    ["from-a-compromised-one", world([drained, generation(2, "Draining", { compromised: true })], [1, 2])],
    [
      "from-one-that-can-sign-for-ten-minutes-only",
      world([drained, generation(2, "Draining", sealedUntil(NOW + 10 * MINUTE))], [1, 2]),
    ],
    ["when-we-have-none", { ...world([drained, clean], [1, 2]), anchors: [anchor([1, 2], { manage: false })] }],
    [
      "while-aws-cannot-be-reached",
      {
        ...world([drained, clean], [1, 2]),
        anchors: [anchor([1, 2], { ownLeaf: { generation: 1 }, manage: false, failure })],
      },
    ],
  ])("not-%s", (_name, changes) => {
    expect(actionFor(changes)?.do).not.toBe("RenewOwnLeaf");
  });

  test("not-from-itself-though-it-still-drains", () => {
    const anchors = [anchor([1], { ownLeaf: { generation: 1 }, joined: false, manage: false })];
    const told = { generations: [generation(1, "Draining"), clean], anchors };
    expect(actionFor(told)).toBeUndefined();
    expect(codesFor(told)).toContain("AddRootByHand");
  });

  test("not-from-one-whose-mark-is-missing", () => {
    const view = viewFor(world([drained, generation(2, "Active", { mark: undefined })], [1, 2]));
    expect(renewOwnLeaves(view)).toStrictEqual([]);
  });

  test("not-from-one-that-status-does-not-know", () => {
    const generations = [generation(1, "Active", { compromised: true }), generation(2, "Pending", { recorded: false })];
    // Nor is it recorded while nobody knows the time.
    const time = { own: NOW, apiServer: NOW + DAY, aws: NOW, highWater: NOW - MINUTE };
    expect(actionFor({ ...world(generations, [1, 2]), time })?.do).not.toBe("RenewOwnLeaf");
  });
});
