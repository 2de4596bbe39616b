import { describe, expect, test } from "vitest";
import type { AnchorObservation, RotationObservation } from "../../../src/rotation/observation.ts";
import type { WaitCode } from "../../../src/rotation/reason.ts";
import {
  actionFor,
  afterTheDrain,
  anchor,
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
  rootOf,
  untrusted,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;
type Row = readonly [name: string, changes: Changes, code: WaitCode];

const compromised = generation(1, "Active", { compromised: true });
const passed = { mark: { notAfter: NOW - DAY, sealed: true } };
const lost = (held: readonly number[], changes: Partial<AnchorObservation> = {}) =>
  anchor(held, { joined: false, ...changes });
/** What an operator is told to do by hand. */
const byHand = (changes: Changes) => reasonsFor(changes).filter(({ code }) => code.endsWith("ByHand"));

describe("a root leaves an anchor", () => {
  const intent = { anchor: "prod", remaining: ["root2"], expiresAt: NOW + 20_000 };

  test("by-a-stored-intent-first", () => {
    expect(actionFor(afterTheDrain)).toEqual({
      do: "StoreRemovalIntent",
      anchor: "prod",
      remaining: ["root2"],
      removes: ["root1"],
      at: NOW,
      expiresAt: NOW + 30_000,
    });
  });

  test("once-the-intent-says-exactly-what-remains", () => {
    expect(actionFor({ ...afterTheDrain, intent })).toEqual({
      do: "WriteAnchor",
      anchor: "prod",
      bundle: ["root2"],
      removes: ["root1"],
    });
  });

  test.each(["Retired", "Destroyed", "Abandoned"] as const)(
    "that-came-back-though-its-generation-is-%s-and-its-mark-is-not-read",
    (phase) => {
      const { mark: _mark, ...done } = generation(1, phase);
      const generations = [{ ...done, mark: undefined }, generation(2, "Active")];
      const anchors = [anchor([1, 2])];
      expect(actionFor({ generations, anchors })).toMatchObject({ do: "StoreRemovalIntent", removes: ["root1"] });
    },
  );

  test("by-a-reading-of-seconds-ago-only", () => {
    const anchors = [anchor([1, 2], { reading: reading([1, 2], { readAt: NOW - 31_000 }) })];
    expect(actionFor({ ...afterTheDrain, anchors, intent })).toEqual({ do: "ReadAnchor", anchor: "prod" });
  });

  test.each([
    ["that-has-expired", { ...intent, expiresAt: NOW }],
    ["for-another-anchor", { ...intent, anchor: "other" }],
    ["for-another-set", { ...intent, remaining: ["root2", "root3"] }],
  ])("not-by-an-intent-%s", (_name, other) => {
    expect(actionFor({ ...afterTheDrain, intent: other })?.do).toBe("StoreRemovalIntent");
  });

  const draining = (mark: { notAfter: number; sealed: boolean }): Changes => ({
    generations: [generation(1, "Draining", { mark }), generation(2, "Active")],
  });
  const rows: readonly Row[] = [
    [
      "not-before-the-mark-and-the-skew-have-passed",
      draining({ notAfter: NOW - 9 * MINUTE, sealed: true }),
      "Draining",
    ],
    ["not-with-an-unsealed-mark", draining({ notAfter: NOW - DAY, sealed: false }), "MarkNotSealed"],
    [
      "not-with-a-strangers-certificate-anywhere",
      { anchors: [anchor([1, 2]), anchor([2, 9], { name: "other" })] },
      "Drift",
    ],
    [
      "not-while-our-own-leaf-is-of-it",
      {
        anchors: [anchor([1, 2], { ownLeaf: { generation: 1 }, failure })],
      },
      "AnchorUnreachable",
    ],
    ["not-from-an-anchor-that-others-manage", { anchors: [anchor([1, 2], { manage: false })] }, "RemoveRootByHand"],
    [
      "not-before-its-operation-is-done-after-a-restore",
      {
        operations: [{ name: "r", kind: "Recover", accepted: [], startedAt: NOW }],
        ...draining({ notAfter: NOW - DAY, sealed: true }),
        generations: [
          generation(1, "Draining", { mark: { notAfter: NOW - DAY, sealed: true } }),
          generation(2, "Active", { mark: { notAfter: NOW + 8 * DAY, sealed: false } }),
        ],
        anchors: [anchor([1, 2]), anchor([2, 9], { name: "other" })],
      },
      "StateBehind",
    ],
  ];
  test.each(rows)("%s", (_name, changes, code) => {
    const all = { ...afterTheDrain, ...changes };
    expect(codesFor(all)).toContain(code);
    const action = actionFor(all);
    expect(action?.do === "WriteAnchor" || action?.do === "StoreRemovalIntent").toBe(false);
  });

  test("not-without-a-mark-which-is-made-anew-at-the-roots-end", () => {
    const generations = [generation(1, "Draining", { mark: undefined }), generation(2, "Active")];
    expect(actionFor({ ...afterTheDrain, generations })).toEqual({
      do: "RestoreMark",
      generation: 1,
      notAfter: rootOf(1).notAfter,
    });
  });

  test("after-our-own-leaf-is-of-another", () => {
    const anchors = [anchor([1, 2], { ownLeaf: { generation: 1 } })];
    expect(actionFor({ ...afterTheDrain, anchors, intent })).toEqual({
      do: "RenewOwnLeaf",
      anchor: "prod",
      generation: 2,
    });
  });

  test("again-when-it-comes-back-after-it-was-retired", () => {
    const generations = [
      generation(1, "Retired", { mark: { notAfter: NOW - DAY, sealed: true } }),
      generation(2, "Active"),
    ];
    expect(actionFor({ ...afterTheDrain, generations })?.do).toBe("StoreRemovalIntent");
  });

  test("which-is-a-strangers-when-its-date-has-passed", () => {
    const foreignRoots = [{ fingerprint: "root9", drainUntil: NOW - HOUR }];
    expect(actionFor({ anchors: [anchor([1, 9])], foreignRoots })).toMatchObject({ removes: ["root9"] });
    const later = [{ fingerprint: "root9", drainUntil: NOW }];
    expect(codesFor({ anchors: [anchor([1, 9])], foreignRoots: later })).toContain("ForeignRootDraining");
  });
});

describe("a root goes", () => {
  const intentFor = (removes: string, ...remaining: string[]) => ({
    do: "StoreRemovalIntent",
    anchor: "prod",
    remaining,
    removes: [removes],
    at: NOW,
    expiresAt: NOW + 30_000,
  });
  const clean = generation(2, "Active");
  const foreignRoots = [{ fingerprint: "root9", drainUntil: NOW + DAY }];
  const gone = generation(1, "Retired", passed);

  test.each<[string, Changes, object]>([
    [
      "that-is-compromised-and-drains-though-a-stranger-stays",
      { generations: [generation(1, "Draining", { compromised: true }), clean], anchors: [lost([1, 9])] },
      intentFor("root1", "root9", "root2"),
    ],
    [
      "that-was-given-up-in-an-emergency-though-a-stranger-is-elsewhere",
      {
        generations: [compromised, generation(2, "Published", { abandoning: true, ...passed })],
        anchors: [lost([1, 2]), lost([1, 9], { name: "other" })],
      },
      intentFor("root2", "root1"),
    ],
    [
      "that-is-foreign-and-drained",
      {
        generations: [clean],
        anchors: [anchor([9, 2])],
        foreignRoots: [{ fingerprint: "root9", drainUntil: NOW - DAY }],
      },
      intentFor("root9", "root2"),
    ],
  ])("%s", (_name, changes, action) => {
    expect(actionFor(changes)).toStrictEqual(action);
  });

  test("and-a-foreign-one-stays-with-the-next-in-its-place", () => {
    const world = { generations: [gone, clean], anchors: [lost([1, 9])], foreignRoots };
    expect(actionFor(world)).toStrictEqual(intentFor("root1", "root9", "root2"));
  });

  test("not-while-there-is-no-room-for-all-that-is-wanted", () => {
    const generations = [gone, generation(2, "Draining"), generation(3, "Active")];
    const world = { generations, anchors: [lost([1, 9])], foreignRoots };
    expect(actionFor(world)).toBeUndefined();
    expect(codesFor(world)).toContain("NothingWouldRemain");
  });

  test("not-beside-a-stranger-without-an-emergency", () => {
    const world: Changes = { generations: [gone, clean], anchors: [anchor([1, 2]), lost([2, 9], { name: "other" })] };
    expect(actionFor(world)).toBeUndefined();
    expect(codesFor(world)).toContain("Drift");
  });

  test("not-when-it-is-a-strangers-whatever-the-date-of-a-foreign-one", () => {
    const world = { anchors: [lost([1, 8])], foreignRoots };
    expect(actionFor(world)).toBeUndefined();
    expect(codesFor(world)).not.toContain("ForeignRootDraining");
  });

  test.each<[string, Changes, WaitCode]>([
    ["by-clocks-that-differ", { time: untrusted }, "TimeUntrusted"],
    [
      "by-a-state-from-a-backup",
      { anchors: [anchor([1, 2], { reading: reading([1, 2], { crls: [crl(1), crl(2, { number: 11n })] }) })] },
      "StateBehind",
    ],
    ["for-an-authority-that-is-going", { deleting: true }, "BeingDeleted"],
    ["soon-after-a-call-has-failed", { anchors: [anchor([1, 2], { failure })] }, "AnchorUnreachable"],
  ])("not-%s", (_name, changes, code) => {
    const world = { ...afterTheDrain, ...changes };
    expect(actionFor(world)).toBeUndefined();
    expect(codesFor(world)).toContain(code);
  });

  test.each<[string, Changes, object]>([
    [
      "a-generations",
      { ...afterTheDrain, anchors: [anchor([1, 2], { manage: false })] },
      {
        generation: 1,
        message: "Trust anchor prod is not managed: remove the root of generation 1 (SHA-256 root1) by hand",
      },
    ],
    [
      "a-foreign-one",
      { anchors: [anchor([9, 1], { manage: false })], foreignRoots: [{ fingerprint: "root9", drainUntil: NOW - DAY }] },
      { message: "Trust anchor prod is not managed: remove the foreign root with SHA-256 root9 by hand" },
    ],
  ])("by-its-owners-hand-%s", (_name, changes, told) => {
    expect(byHand(changes)).toStrictEqual([{ code: "RemoveRootByHand", anchor: "prod", ...told }]);
  });
});
