import { describe, expect, test } from "vitest";
import type { GenerationObservation, RotationObservation } from "../../../src/rotation/observation.ts";
import type { WaitCode } from "../../../src/rotation/reason.ts";
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
  rootOf,
  rotate,
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

describe("a generation that was made", () => {
  const made = (changes: Partial<GenerationObservation> = {}) =>
    generation(2, "Pending", { recorded: false, mark: { notAfter: rootOf(2).notBefore, sealed: false }, ...changes });
  const inStatus = { do: "SetPhases", changes: [{ generation: 2, phase: "Pending" }], at: NOW };

  test("is-recorded-before-anything-else-is-done-with-it", () => {
    expect(actionFor({ generations: [active, made()] })).toStrictEqual(inStatus);
    expect(actionFor({ generations: [active, made()], anchors: [anchor([1, 2])] })).toStrictEqual(inStatus);
  });

  test("is-recorded-though-its-root-has-expired-so-that-it-can-be-given-up", () => {
    const root = { ...rootOf(2), notAfter: NOW - DAY };
    expect(actionFor({ generations: [active, made({ root })] })).toStrictEqual(inStatus);
  });

  test("gets-its-mark-first-where-nothing-can-be-signed-yet", () => {
    expect(actionFor({ generations: [active, made({ mark: undefined })] })).toStrictEqual({
      do: "RestoreMark",
      generation: 2,
      notAfter: rootOf(2).notBefore,
    });
  });

  test.each<Row>([atTime, fromBackup])("is-not-recorded-%s", (_name, changes, code) => {
    expectHeldUp({ generations: [active, made()], ...changes }, "SetPhases", code);
  });

  test("that-is-recorded-is-not-recorded-again", () => {
    const [first, second] = [generation(1, "Active"), generation(2, "Pending")];
    expect(actionFor({ generations: [first, second], anchors: [anchor([1], { failure })] })).toBeUndefined();
  });
});

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

describe("a generation is Active", () => {
  const sealed = generation(1, "Active", { mark: { notAfter: NOW + DAY, sealed: true } });
  const published = (changes: Partial<GenerationObservation> = {}) => [sealed, generation(2, "Published", changes)];
  const world: Changes = { generations: published(), highestNumberSeen: 2, anchors: [anchor([1, 2])] };

  test("when-it-is-the-first-after-its-canary-has-passed", () => {
    const first: Changes = { generations: [generation(1, "Published")], anchors: [anchor([1])] };
    expect(actionFor(first)).toStrictEqual({
      do: "SetPhases",
      changes: [{ generation: 1, phase: "Active" }],
      at: NOW,
    });
    const anchors = [anchor([1], { canary: { last: undefined } })];
    expect(actionFor({ ...first, anchors })).toStrictEqual({ do: "RunCanary", anchor: "prod", generation: 1 });
    const joining = [anchor([1]), anchor([], { name: "new", joined: false, failure })];
    expectHeldUp({ ...first, anchors: joining }, "SetPhases", "AnchorNotJoined");
  });

  test("after-the-seal-whatever-canaries-and-new-anchors-say", () => {
    const last = { generation: 2, passed: false, at: NOW, message: "AccessDenied", retryAt: NOW + MINUTE };
    const joining = anchor([1], { name: "new", joined: false, failure });
    expect(actionFor({ ...world, anchors: [anchor([1, 2], { canary: { last } }), joining] })).toMatchObject({
      do: "SetPhases",
      changes: [{ generation: 2, phase: "Active" }, { generation: 1 }],
    });
  });

  test.each<Row>([
    atTime,
    fromBackup,
    [
      "by-readings-of-long-ago",
      { anchors: [anchor([1, 2], { failure, reading: reading([1, 2], { readAt: NOW - 11 * MINUTE }) })] },
      "AnchorNotRead",
    ],
    ["before-a-joined-anchor-holds-it", { anchors: [anchor([1], { failure })] }, "AnchorLacksRoot"],
    ["without-its-key", { generations: published({ hasKey: false }) }, "KeyMissing"],
    ["with-a-sealed-mark", { generations: published({ mark: { notAfter: NOW, sealed: true } }) }, "MarkSealed"],
  ])("not-%s", (_name, changes, code) => {
    expectHeldUp({ ...world, ...changes }, "SetPhases", code);
  });

  test("not-before-it-is-Published", () => {
    const generations = [sealed, generation(2, "Pending")];
    expect(actionFor({ ...world, generations })).toMatchObject({ changes: [{ generation: 2, phase: "Published" }] });
    expectHeldUp({ ...world, generations, anchors: [anchor([1], { failure })] }, "SetPhases", "AnchorLacksRoot");
  });

  test.each<Row>([atTime, fromBackup])(
    "which-is-sealed-with-nothing-to-follow-drains-but-not-%s",
    (_name, changes, code) => {
      const alone: Changes = { generations: [sealed], anchors: [anchor([1])] };
      expect(actionFor(alone)).toStrictEqual({
        do: "SetPhases",
        changes: [{ generation: 1, phase: "Draining" }],
        at: NOW,
      });
      expectHeldUp({ ...alone, ...changes }, "SetPhases", code);
    },
  );

  test("until-it-is-sealed", () => {
    expect(actionFor({ generations: [active], anchors: [anchor([1])] })).toBeUndefined();
  });
});

describe("the mark of what drains is sealed", () => {
  const unsealed = generation(1, "Draining", { mark: { notAfter: NOW + DAY, sealed: false } });
  const world: Changes = { generations: [unsealed, generation(2, "Active")], anchors: [anchor([1, 2])] };

  test("when-it-is-not", () => {
    expect(actionFor(world)).toStrictEqual({ do: "SealMark", generation: 1, at: NOW });
  });

  test.each<Row>([atTime, fromBackup])("not-%s", (_name, changes, code) => {
    expectHeldUp({ ...world, ...changes }, "SealMark", code);
  });

  test("before-the-marks-of-what-drains-longer", () => {
    const generations = [
      generation(1, "Draining"),
      generation(2, "Draining", { mark: { notAfter: NOW, sealed: false } }),
    ];
    expect(actionFor({ generations, anchors: [anchor([1, 2])] })).toMatchObject({ do: "SealMark", generation: 2 });
  });
});

describe("a drained generation", () => {
  const drained = { mark: { notAfter: NOW - DAY, sealed: true } };
  const world: Changes = {
    generations: [generation(1, "Draining", drained), generation(2, "Active")],
    anchors: [anchor([2])],
  };

  test.each<Row>([
    atTime,
    [
      "by-a-state-from-a-backup",
      { anchors: [anchor([2], { reading: reading([2], { crls: [crl(2, { number: 11n })] }) })] },
      "StateBehind",
    ],
    [
      "by-readings-of-long-ago",
      { anchors: [anchor([2], { failure, reading: reading([2], { readAt: NOW - 11 * MINUTE }) })] },
      "AnchorNotRead",
    ],
    ["while-an-anchor-holds-its-root", { anchors: [anchor([1, 2], { manage: false })] }, "AnchorStillHoldsRoot"],
    [
      "before-the-drain-is-over",
      { generations: [generation(1, "Draining"), generation(2, "Active")], anchors: [anchor([1, 2])] },
      "Draining",
    ],
  ])("is-not-Retired-%s", (_name, changes, code) => {
    expectHeldUp({ ...world, ...changes }, "SetPhases", code);
  });
});

describe("the key of a generation that is done", () => {
  const done = { phaseSince: NOW - 7 * DAY, mark: { notAfter: NOW - DAY, sealed: true } };
  const retired = (changes: Partial<GenerationObservation> = {}): Changes => ({
    generations: [generation(1, "Retired", { ...done, ...changes }), generation(2, "Active")],
    highestNumberSeen: 2,
    anchors: [anchor([2])],
  });
  const backup = reading([2], { crls: [crl(2, { number: 11n })] });

  test("that-was-Abandoned-is-destroyed-and-it-stays-Abandoned", () => {
    const given = (changes: Partial<GenerationObservation> = {}): Changes => ({
      generations: [active, generation(2, "Abandoned", { ...done, ...changes })],
      highestNumberSeen: 2,
    });
    expect(actionFor(given())).toStrictEqual({ do: "DestroyKey", generation: 2, at: NOW });
    expect(actionFor(given({ hasKey: false }))).toBeUndefined();
    expect(codesFor(given({ hasKey: false }))).toEqual(["RotationNotDue"]);
  });

  test.each<Row>([
    atTime,
    ["by-a-state-from-a-backup", { anchors: [anchor([2], { reading: backup })] }, "StateBehind"],
    ["before-the-retention-is-over", retired({ phaseSince: NOW - 6 * DAY }), "Retained"],
    ["while-an-anchor-holds-its-root", { anchors: [anchor([1, 2], { manage: false })] }, "AnchorStillHoldsRoot"],
  ])("is-not-destroyed-%s", (_name, changes, code) => {
    expectHeldUp({ ...retired(), ...changes }, "DestroyKey", code);
  });

  test.each<Row>([
    atTime,
    ["by-a-state-from-a-backup", { anchors: [anchor([2], { reading: backup })] }, "StateBehind"],
    ["before-the-retention-is-over", retired({ phaseSince: NOW - 6 * DAY, hasKey: false }), "Retained"],
  ])("when-it-is-gone-is-not-recorded-%s", (_name, changes, code) => {
    expectHeldUp({ ...retired({ hasKey: false }), ...changes }, "SetPhases", code);
  });

  test("that-drains-and-was-lost-is-no-reason-to-call-it-Destroyed", () => {
    const generations = [generation(1, "Draining", { ...done, hasKey: false }), generation(2, "Active")];
    expect(actionFor({ ...retired(), generations })).toMatchObject({ changes: [{ generation: 1, phase: "Retired" }] });
  });
});

describe("the next generation is made", () => {
  const two = (changes: Changes = {}): Changes => ({ operations: [rotate], ...changes });

  test("with-a-number-above-those-of-all-that-are-known", () => {
    const generations = [active, generation(5, "Destroyed")];
    expect(actionFor(two({ generations, highestNumberSeen: 3 }))).toStrictEqual({
      do: "MakeGeneration",
      generation: 6,
      at: NOW,
    });
    expect(actionFor({ generations: [], highestNumberSeen: 0, anchors: [] })).toMatchObject({ generation: 1 });
  });

  const troubled = {
    anchors: [anchor([1, 9], { joined: false, failure, reading: reading([1, 9], { readAt: NOW - HOUR }) })],
  };
  test.each([
    ["when-what-signs-is-compromised", [generation(1, "Active", { compromised: true })]],
    ["when-nobody-signs", []],
    ["when-the-only-one-drains", [generation(1, "Draining")]],
  ])("%s-whatever-is-the-matter-with-an-anchor", (_name, generations) => {
    expect(actionFor({ ...troubled, generations })?.do).toBe("MakeGeneration");
  });

  test.each<Row>([
    atTime,
    [
      "by-a-state-from-a-backup",
      { anchors: [anchor([1], { reading: reading([1], { crls: [crl(1, { number: 11n })] }) })] },
      "StateBehind",
    ],
    [
      "by-readings-of-long-ago",
      { anchors: [anchor([1], { failure, reading: reading([1], { readAt: NOW - 11 * MINUTE }) })] },
      "AnchorNotRead",
    ],
  ])("not-%s", (_name, changes, code) => {
    expectHeldUp(two(changes), "MakeGeneration", code);
  });
});

test("the old mark is not sealed when the publication was only planned", () => {
  const generations = [active, generation(2, "Pending", { hasKey: false })];
  expect(actionFor({ ...beforeTheSwitch, generations })).toBeUndefined();
});
