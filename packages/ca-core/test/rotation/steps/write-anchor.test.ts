import { describe, expect, test } from "vitest";
import type {
  AnchorObservation,
  GenerationObservation,
  RotationObservation,
} from "../../../src/rotation/observation.ts";
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
  NOW,
  reading,
  reasonsFor,
  untrusted,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;

const active = generation(1, "Active");
const compromised = generation(1, "Active", { compromised: true });
const passed = { mark: { notAfter: NOW - DAY, sealed: true } };
const lost = (held: readonly number[], changes: Partial<AnchorObservation> = {}) =>
  anchor(held, { joined: false, ...changes });
const write = (...bundle: string[]) => ({ do: "WriteAnchor", anchor: "prod", bundle, removes: [] });
/** What an operator is told to do by hand. */
const byHand = (changes: Changes) => reasonsFor(changes).filter(({ code }) => code.endsWith("ByHand"));

describe("a missing anchor", () => {
  const missing = lost([], { create: true, reading: reading([], { state: "Missing" }) });

  test("is-created-with-all-that-is-wanted", () => {
    expect(actionFor({ generations: [active, generation(2, "Pending")], anchors: [missing] })).toStrictEqual({
      do: "CreateAnchor",
      anchor: "prod",
      bundle: ["root1", "root2"],
    });
  });

  test.each<[string, Changes, WaitCode]>([
    ["by-clocks-that-differ", { time: untrusted }, "TimeUntrusted"],
    ["for-an-authority-that-is-going", { deleting: true }, "BeingDeleted"],
    ["soon-after-a-call-has-failed", { anchors: [{ ...missing, failure }] }, "AnchorUnreachable"],
    ["when-it-is-somebody-elses-to-create", { anchors: [{ ...missing, create: false }] }, "AnchorMissing"],
    ["when-it-may-not-be-managed", { anchors: [{ ...missing, manage: false }] }, "CreateAnchorByHand"],
    [
      "when-more-is-wanted-than-it-takes",
      {
        anchors: [missing],
        generations: [generation(1, "Draining"), generation(2, "Draining"), generation(3, "Active")],
      },
      "NoRoom",
    ],
  ])("is-not-created-%s", (_name, changes, code) => {
    const world = { anchors: [missing], ...changes };
    expect(actionFor(world)).toBeUndefined();
    expect(codesFor(world)).toContain(code);
  });

  test("is-not-created-before-there-is-something-to-hold", () => {
    expect(actionFor({ generations: [], highestNumberSeen: 0, anchors: [missing] })?.do).toBe("MakeGeneration");
  });

  test("is-not-created-by-a-reading-of-half-a-minute-ago", () => {
    const old = { ...missing, reading: reading([], { state: "Missing", readAt: NOW - 30_000 }) };
    expect(actionFor({ anchors: [old] })).toStrictEqual({ do: "ReadAnchor", anchor: "prod" });
  });

  test("that-may-not-be-managed-is-told-to-its-owner", () => {
    expect(byHand({ anchors: [{ ...missing, manage: false }] })).toStrictEqual([
      { code: "CreateAnchorByHand", anchor: "prod", message: "Trust anchor prod is not managed: create it by hand" },
    ]);
  });

  test("that-is-there-is-not-created", () => {
    expect(actionFor({ anchors: [anchor([1], { create: true })] })).toBeUndefined();
    expect(actionFor({ anchors: [anchor([], { create: true, reading: undefined, failure })] })).toBeUndefined();
  });
});

describe("a lost root comes back", () => {
  const two = [generation(1, "Draining"), generation(2, "Active")];

  test.each<[string, Changes, object]>([
    [
      "the-one-that-signs-first-when-there-is-room-for-one",
      { generations: two, anchors: [lost([9])] },
      write("root9", "root2"),
    ],
    [
      "the-one-that-drains-beside-the-one-that-signs",
      { generations: two, anchors: [lost([2])] },
      write("root2", "root1"),
    ],
    [
      "those-that-drain-newest-first",
      {
        generations: [generation(1, "Draining"), generation(2, "Draining"), generation(3, "Pending")],
        anchors: [lost([9])],
      },
      write("root9", "root2"),
    ],
    [
      "alone-while-the-next-one-may-not-be-published",
      { generations: [active, generation(2, "Pending")], anchors: [lost([])], deleting: true },
      write("root1"),
    ],
    [
      "with-the-next-one-though-the-authority-is-compromised-and-a-stranger-elsewhere",
      {
        generations: [
          generation(1, "Draining"),
          generation(2, "Active", { compromised: true }),
          generation(3, "Pending"),
        ],
        anchors: [lost([]), lost([1, 9], { name: "other", failure })],
      },
      write("root1", "root3"),
    ],
    [
      "beside-another-anchor-that-takes-a-removal-first",
      {
        generations: [generation(1, "Retired", passed), generation(2, "Draining"), generation(3, "Active")],
        anchors: [lost([2]), lost([1], { name: "other" })],
      },
      write("root2", "root3"),
    ],
    [
      "beside-a-retired-one-that-goes-next",
      { generations: [generation(1, "Retired", passed), generation(2, "Active")], anchors: [lost([1])] },
      write("root1", "root2"),
    ],
    [
      "beside-one-that-must-not-go-yet",
      {
        generations: [generation(1, "Retired", passed), generation(2, "Draining"), generation(3, "Active")],
        anchors: [lost([1], { ownLeaf: { generation: 1 } })],
      },
      write("root1", "root3"),
    ],
  ])("%s", (_name, changes, action) => {
    expect(actionFor(changes)).toStrictEqual(action);
  });

  test.each<[string, Changes, WaitCode]>([
    ["by-clocks-that-differ", { anchors: [lost([])], time: untrusted }, "TimeUntrusted"],
    ["soon-after-a-call-has-failed", { anchors: [lost([], { failure })] }, "AnchorUnreachable"],
    [
      "into-what-is-no-bundle",
      { anchors: [lost([], { reading: reading([], { state: "NotABundle" }) })] },
      "AnchorNotABundle",
    ],
    ["where-two-strangers-are", { anchors: [lost([8, 9])] }, "NoRoom"],
    ["before-the-anchor-was-read", { anchors: [lost([], { reading: undefined, failure })] }, "AnchorNotRead"],
  ])("not-%s", (_name, changes, code) => {
    expect(actionFor(changes)).toBeUndefined();
    expect(codesFor(changes)).toContain(code);
  });

  test("by-its-owners-hand", () => {
    expect(byHand({ anchors: [lost([9], { manage: false })] })).toStrictEqual([
      {
        code: "AddRootByHand",
        anchor: "prod",
        generation: 1,
        message: "Trust anchor prod is not managed: add the root of generation 1 (SHA-256 root1) by hand",
      },
    ]);
  });
});

describe("the first root is published", () => {
  const first = [generation(1, "Pending")];

  test("beside-a-foreign-one", () => {
    const foreignRoots = [{ fingerprint: "root9", drainUntil: NOW + DAY }];
    expect(actionFor({ generations: first, anchors: [lost([9])], foreignRoots })).toStrictEqual(
      write("root9", "root1"),
    );
  });

  test.each<[string, Changes, WaitCode]>([
    ["beside-a-strangers", { anchors: [lost([9])] }, "Drift"],
    ["for-an-authority-that-is-going", { anchors: [lost([])], deleting: true }, "BeingDeleted"],
    [
      "by-a-state-from-a-backup",
      { anchors: [lost([], { reading: reading([], { crls: [crl(1, { number: 11n })] }) })] },
      "StateBehind",
    ],
  ])("not-%s", (_name, changes, code) => {
    const world = { generations: first, ...changes };
    expect(actionFor(world)).toBeUndefined();
    expect(codesFor(world)).toContain(code);
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

describe("a CRL is imported", () => {
  const lacking = (changes: Partial<AnchorObservation> = {}) =>
    lost([1], { reading: reading([1], { crls: [] }), ...changes });
  const known = (changes: Partial<GenerationObservation>) => ({ generations: [generation(1, "Active", changes)] });
  const imported = { do: "ImportCrl", anchor: "prod", generation: 1 };

  test.each<[string, Changes]>([
    ["where-it-is-missing", { anchors: [lacking()] }],
    [
      "where-it-is-not-the-newest",
      { anchors: [anchor([1], { reading: reading([1], { crls: [crl(1, { current: false })] }) })] },
    ],
    [
      "where-it-is-not-enabled",
      { anchors: [lost([1], { reading: reading([1], { crls: [crl(1, { enabled: false })] }) })] },
    ],
    ["though-the-key-is-lost-since-the-last-one-is-kept", { anchors: [lacking()], ...known({ hasKey: false }) }],
    ["the-first-one", { anchors: [lacking()], ...known({ crlNumber: undefined }) }],
  ])("%s", (_name, changes) => {
    expect(actionFor(changes)).toStrictEqual(imported);
  });

  test.each<[string, Changes, WaitCode]>([
    [
      "without-the-key-when-there-is-none-yet",
      { anchors: [lacking()], ...known({ hasKey: false, crlNumber: undefined }) },
      "KeyMissing",
    ],
    ["soon-after-a-call-has-failed", { anchors: [lacking({ failure })] }, "AnchorUnreachable"],
    [
      "by-a-state-from-a-backup",
      { anchors: [anchor([1], { reading: reading([1], { crls: [crl(1, { number: 11n, current: false })] }) })] },
      "StateBehind",
    ],
  ])("not-%s", (_name, changes, code) => {
    expect(actionFor(changes)).toBeUndefined();
    expect(codesFor(changes)).toContain(code);
  });

  test("not-where-the-root-is-not", () => {
    expect(actionFor({ anchors: [lost([], { manage: false })] })).toBeUndefined();
    expect(byHand({ anchors: [lost([], { manage: false })] }).map(({ code }) => code)).toStrictEqual(["AddRootByHand"]);
  });

  test("by-its-owners-hand", () => {
    expect(byHand({ anchors: [lacking({ manage: false })] })).toStrictEqual([
      {
        code: "AddCrlByHand",
        anchor: "prod",
        generation: 1,
        message: "Trust anchor prod is not managed: import the newest CRL of generation 1 by hand",
      },
    ]);
  });
});

describe("a CRL is deleted", () => {
  const crls = [crl(1), crl(2)];
  const left = (changes: Partial<AnchorObservation> = {}) =>
    anchor([2], { reading: reading([2], { crls }), ...changes });
  const world: Changes = { ...afterTheDrain, anchors: [left()] };
  const deleted = (number: number) => ({ do: "DeleteCrl", anchor: "prod", generation: number, id: `crl${number}` });

  test("of-a-generation-that-is-done", () => {
    expect(actionFor(world)).toStrictEqual(deleted(1));
  });

  test("of-a-generation-that-our-state-has-lost-when-its-root-is-gone", () => {
    const lostOne = (held: readonly number[]) => ({
      anchors: [anchor(held, { reading: reading(held, { crls: [crl(1), crl(7)] }) })],
    });
    expect(actionFor(lostOne([1]))).toStrictEqual(deleted(7));
    const foreignRoots = [{ fingerprint: "root7", drainUntil: NOW + DAY }];
    expect(actionFor({ ...lostOne([1, 7]), foreignRoots })).toBeUndefined();
    expect(codesFor({ ...lostOne([1, 7]), foreignRoots })).toContain("AnchorStillHoldsRoot");
  });

  test.each<[string, Changes, WaitCode | undefined]>([
    ["by-clocks-that-differ", { time: untrusted }, "TimeUntrusted"],
    [
      "by-a-state-from-a-backup",
      { anchors: [left({ reading: reading([2], { crls: [crl(1), crl(2, { number: 11n })] }) })] },
      "StateBehind",
    ],
    ["for-an-authority-that-is-going", { deleting: true }, "BeingDeleted"],
    [
      "before-the-drain-is-over",
      {
        generations: [generation(1, "Draining"), generation(2, "Active")],
        anchors: [left({ joined: false, manage: false })],
      },
      "Draining",
    ],
    ["before-its-root", { anchors: [anchor([1, 2], { manage: false })] }, "AnchorStillHoldsRoot"],
    ["soon-after-a-call-has-failed", { anchors: [left({ failure })] }, "AnchorUnreachable"],
    ["of-a-generation-in-use", { generations: [active, generation(2, "Active")] }, undefined],
    [
      "that-is-no-generations",
      { anchors: [left({ reading: reading([2], { crls: [crl(2), crl(1, { generation: undefined })] }) })] },
      undefined,
    ],
  ])("not-%s", (_name, changes, code) => {
    const all = { ...world, ...changes };
    expect(actionFor(all)?.do).not.toBe("DeleteCrl");
    if (code !== undefined) expect(codesFor(all)).toContain(code);
  });

  test("by-its-owners-hand", () => {
    expect(byHand({ ...world, anchors: [left({ manage: false })] })).toStrictEqual([
      {
        code: "RemoveCrlByHand",
        anchor: "prod",
        generation: 1,
        message: "Trust anchor prod is not managed: delete the CRL of generation 1 by hand",
      },
    ]);
  });
});
