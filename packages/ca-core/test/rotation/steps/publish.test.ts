import { describe, expect, test } from "vitest";
import type { GenerationObservation, RotationObservation } from "../../../src/rotation/observation.ts";
import type { WaitCode } from "../../../src/rotation/reason.ts";
import {
  actionFor,
  anchor,
  beforeTheSwitch,
  codesFor,
  crl,
  failure,
  generation,
  MINUTE,
  NOW,
  reading,
  untrusted,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;
type Row = readonly [name: string, changes: Changes, code: WaitCode];

const active = generation(1, "Active");
const behind = reading([1, 2], { crls: [crl(1, { number: 11n }), crl(2)] });
const atTime = ["by-clocks-that-differ", { time: untrusted }, "TimeUntrusted"] as const;
const fromBackup = [
  "by-a-state-from-a-backup",
  { anchors: [anchor([1, 2], { reading: behind })] },
  "StateBehind",
] as const;
/** That nothing of the kind is done, and why. */
function expectHeldUp(changes: Changes, kind: string, code: WaitCode): void {
  expect(actionFor(changes)?.do).not.toBe(kind);
  expect(codesFor(changes)).toContain(code);
}

describe("a generation is Published", () => {
  const pending = (changes: Partial<GenerationObservation> = {}) => ({
    generations: [active, generation(2, "Pending", changes)],
  });
  const world: Changes = { ...pending(), highestNumberSeen: 2, anchors: [anchor([1, 2])] };
  const published = { do: "SetPhases", changes: [{ generation: 2, phase: "Published" }], at: NOW };

  test("when-every-joined-anchor-holds-it", () => {
    expect(actionFor(world)).toStrictEqual(published);
    const joining = anchor([1], { name: "new", joined: false, failure });
    expect(actionFor({ ...world, anchors: [anchor([1, 2]), joining] })).toStrictEqual(published);
  });

  test("beside-a-strangers-certificate-only-when-what-signs-is-compromised", () => {
    const anchors = [anchor([2]), anchor([2, 9], { name: "other" })];
    const generations = [generation(1, "Active", { compromised: true }), generation(2, "Pending")];
    expect(actionFor({ ...world, anchors, generations })?.do).toBe("SetJoined");
    const joined = [anchor([2]), anchor([2, 9], { name: "other", joined: false })];
    expect(actionFor({ ...world, anchors: joined, generations })).toStrictEqual(published);
  });

  test.each<Row>([
    atTime,
    fromBackup,
    ["for-an-authority-that-is-going", { deleting: true }, "BeingDeleted"],
    [
      "beside-a-strangers-certificate",
      { anchors: [anchor([1, 2]), anchor([1, 9], { name: "other", joined: false })] },
      "Drift",
    ],
    [
      "by-readings-of-long-ago",
      { anchors: [anchor([1, 2], { failure, reading: reading([1, 2], { readAt: NOW - 11 * MINUTE }) })] },
      "AnchorNotRead",
    ],
    ["before-a-joined-anchor-holds-its-root", { anchors: [anchor([1], { failure })] }, "AnchorLacksRoot"],
    ["without-its-key", pending({ hasKey: false }), "KeyMissing"],
    ["with-a-sealed-mark", pending({ mark: { notAfter: NOW, sealed: true } }), "MarkSealed"],
  ])("not-%s", (_name, changes, code) => {
    expectHeldUp({ ...world, ...changes }, "SetPhases", code);
  });
});

test("the old mark is not sealed when the publication was only planned", () => {
  const generations = [active, generation(2, "Pending", { hasKey: false })];
  expect(actionFor({ ...beforeTheSwitch, generations })).toBeUndefined();
});
