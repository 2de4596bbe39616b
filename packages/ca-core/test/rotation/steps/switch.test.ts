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
  reasonsFor,
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

describe("the old mark is sealed", () => {
  test("when-everything-is-in-place", () => {
    expect(actionFor(beforeTheSwitch)).toEqual({ do: "SealMark", generation: 1, at: NOW });
  });

  const two = generation(2, "Published");
  const rows: readonly Row[] = [
    ["not-before-an-anchor-was-read-back-with-the-root", { anchors: [anchor([1], { failure })] }, "AnchorLacksRoot"],
    [
      "not-before-an-anchor-was-read-back-with-the-crl",
      { anchors: [anchor([1, 2], { reading: reading([1, 2], { crls: [crl(1)] }), failure })] },
      "AnchorLacksCrl",
    ],
    [
      "not-while-the-crl-is-not-enabled",
      {
        anchors: [
          anchor([1, 2], { reading: reading([1, 2], { crls: [crl(1), crl(2, { enabled: false })] }), failure }),
        ],
      },
      "AnchorLacksCrl",
    ],
    [
      "not-while-an-anchor-is-joining",
      { anchors: [anchor([1, 2]), anchor([], { name: "new", joined: false, failure })] },
      "AnchorNotJoined",
    ],
    [
      "not-before-the-soak-is-over",
      { anchors: [anchor([1, 2], { reading: reading([1, 2], { equal: { count: 9, since: NOW - 14 * MINUTE } }) })] },
      "Soaking",
    ],
    [
      "not-before-three-equal-read-backs",
      { anchors: [anchor([1, 2], { reading: reading([1, 2], { equal: { count: 2, since: NOW - HOUR } }) })] },
      "Soaking",
    ],
    [
      "not-before-the-soak-since-a-write-whose-answer-was-lost",
      { anchors: [anchor([1, 2], { doubtfulWriteAt: NOW - 14 * MINUTE })] },
      "Soaking",
    ],
    [
      "not-before-the-canary-has-passed",
      {
        anchors: [
          anchor([1, 2], {
            canary: {
              last: { generation: 2, passed: false, at: NOW - 1_000, message: "AccessDenied", retryAt: NOW + MINUTE },
            },
          }),
        ],
      },
      "CanaryNotPassed",
    ],
    [
      "not-by-a-canary-from-before-the-bundle-changed",
      {
        anchors: [
          anchor([1, 2], {
            canary: { last: { generation: 2, passed: true, at: NOW - 2 * HOUR, message: "ok", retryAt: NOW + MINUTE } },
            failure,
          }),
        ],
      },
      "CanaryNotPassed",
    ],
    [
      "not-by-readings-of-long-ago",
      {
        anchors: [
          anchor([1, 2], {
            reading: reading([1, 2], { readAt: NOW - 11 * MINUTE }),
            failure,
          }),
        ],
      },
      "AnchorNotRead",
    ],
    [
      "not-without-the-new-key",
      { generations: [generation(1, "Active"), generation(2, "Published", { hasKey: false })] },
      "KeyMissing",
    ],
    [
      "not-when-the-new-mark-is-sealed",
      { generations: [generation(1, "Active"), generation(2, "Published", { mark: { notAfter: NOW, sealed: true } })] },
      "MarkSealed",
    ],
    [
      "not-when-the-new-root-is-not-valid-yet",
      { generations: [generation(1, "Active"), { ...two, root: { ...two.root, notBefore: NOW + HOUR } }] },
      "RootNotValid",
    ],
    [
      "not-with-a-strangers-certificate-in-an-anchor",
      { anchors: [anchor([1, 2]), anchor([1, 9], { name: "other" })] },
      "Drift",
    ],
    ["not-for-an-authority-that-is-going", { deleting: true }, "BeingDeleted"],
    [
      "not-while-aws-knows-more-than-we-do",
      { anchors: [anchor([1, 2], { reading: reading([1, 2], { crls: [crl(1, { number: 11n }), crl(2)] }) })] },
      "StateBehind",
    ],
  ];
  test.each(rows)("%s", (_name, changes, code) => {
    const all = { ...beforeTheSwitch, ...changes };
    expect(codesFor(all)).toContain(code);
    expect(actionFor(all)?.do).not.toBe("SealMark");
  });

  test("whatever-an-ignored-anchor-lacks", () => {
    const ignored = anchor([9], { name: "old", ignore: true, joined: false });
    expect(actionFor({ ...beforeTheSwitch, anchors: [anchor([1, 2]), ignored] })?.do).toBe("SealMark");
  });

  test("whatever-the-order-of-the-certificates", () => {
    expect(actionFor({ ...beforeTheSwitch, anchors: [anchor([2, 1])] })?.do).toBe("SealMark");
  });

  test("by-an-anchor-that-others-manage-once-it-holds-the-root", () => {
    const unmanaged = anchor([1], { name: "theirs", manage: false });
    const told = reasonsFor({ ...beforeTheSwitch, anchors: [anchor([1, 2]), unmanaged] });
    expect(told.find(({ code }) => code === "AddRootByHand")).toEqual({
      code: "AddRootByHand",
      anchor: "theirs",
      generation: 2,
      message: "Trust anchor theirs is not managed: add the root of generation 2 (SHA-256 root2) by hand",
    });
    const held = { ...unmanaged, reading: reading([1, 2]) };
    expect(actionFor({ ...beforeTheSwitch, anchors: [anchor([1, 2]), held] })?.do).toBe("SealMark");
  });
});

describe("after the seal", () => {
  const sealed = generation(1, "Active", { mark: { notAfter: NOW + DAY, sealed: true } });

  test("phases-follow-in-one-write", () => {
    expect(actionFor({ ...beforeTheSwitch, generations: [sealed, generation(2, "Published")] })).toEqual({
      do: "SetPhases",
      changes: [
        { generation: 2, phase: "Active" },
        { generation: 1, phase: "Draining" },
      ],
      at: NOW,
    });
  });

  test("a-root-that-an-anchor-has-lost-meanwhile-comes-first", () => {
    const lost = { generations: [sealed, generation(2, "Published")], anchors: [anchor([1])] };
    expect(actionFor(lost)).toEqual({ do: "WriteAnchor", anchor: "prod", bundle: ["root1", "root2"], removes: [] });
  });

  test("an-abandon-operation-is-refused", () => {
    const operations = [{ name: "abandon-1", kind: "Abandon" }] as const;
    expect(
      actionFor({ ...beforeTheSwitch, generations: [sealed, generation(2, "Published")], operations }),
    ).toMatchObject({
      do: "FinishOperation",
      outcome: "Refused",
    });
  });

  test("with-nothing-to-follow-a-further-generation-is-made", () => {
    expect(actionFor({ generations: [sealed] })).toMatchObject({ do: "SetPhases", changes: [{ phase: "Draining" }] });
    const draining = generation(1, "Draining", { mark: { notAfter: NOW + DAY, sealed: true } });
    expect(actionFor({ generations: [draining] })).toMatchObject({ do: "MakeGeneration", generation: 2 });
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
