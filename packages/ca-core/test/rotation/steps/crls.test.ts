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
  MINUTE,
  NOW,
  reading,
  reasonsFor,
  untrusted,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;

const lost = (held: readonly number[], changes: Partial<AnchorObservation> = {}) =>
  anchor(held, { joined: false, ...changes });
/** What an operator is told to do by hand. */
const byHand = (changes: Changes) => reasonsFor(changes).filter(({ code }) => code.endsWith("ByHand"));
const active = generation(1, "Active");

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

describe("of two CRLs of one generation", () => {
  type Change = Parameters<typeof crl>[1];
  const two = (one: Change, other: Change, changes: Partial<AnchorObservation> = {}): Changes => ({
    anchors: [
      lost([1], {
        reading: reading([1], { crls: [crl(1, { id: "one", ...one }), crl(1, { id: "other", ...other })] }),
        ...changes,
      }),
    ],
  });
  const without = (id: string) => ({ do: "DeleteCrl", anchor: "prod", generation: 1, id });
  const behind = { number: 9n, current: false };

  test.each<[stays: string, one: Change, other: Change, goes: string]>([
    ["one-of-two-that-are-equal-whatever-their-order", {}, {}, "other"],
    ["the-newest", behind, {}, "one"],
    ["one-that-is-in-force-before-a-newer-one-that-is-not", { enabled: false }, behind, "one"],
    ["the-newest-though-a-newer-one-is-on-its-way", { number: 8n, current: false }, behind, "one"],
    ["the-newest-where-neither-is-in-force", { enabled: false }, { ...behind, enabled: false }, "other"],
    ["what-could-be-read", { number: 0n, current: false }, {}, "one"],
  ])("%s-stays", (_stays, one, other, goes) => {
    expect(actionFor(two(one, other))).toStrictEqual(without(goes));
    const [{ reading: found } = anchor([])] = two(one, other).anchors ?? [];
    const reversed = reading([1], { crls: found?.crls.toReversed() ?? [] });
    expect(actionFor({ anchors: [lost([1], { reading: reversed })] })).toStrictEqual(without(goes));
  });

  test("the-second-goes-before-the-next-generations-is-imported", () => {
    const crls = [crl(1), crl(1, { id: "second" })];
    const world: Changes = {
      generations: [active, generation(2, "Pending")],
      highestNumberSeen: 2,
      anchors: [anchor([1, 2], { reading: reading([1, 2], { crls }) })],
    };
    expect(actionFor(world)).toStrictEqual(without("second"));
  });

  test("the-second-of-one-that-drains-goes-while-its-root-stays", () => {
    const crls = [crl(1), crl(1, { id: "second" })];
    const world: Changes = {
      generations: [generation(1, "Draining"), generation(2, "Active")],
      highestNumberSeen: 2,
      anchors: [lost([1, 2], { reading: reading([1, 2], { crls }) })],
    };
    expect(actionFor(world)).toStrictEqual(without("second"));
  });

  test("none-goes-by-a-reading-of-minutes-ago", () => {
    const crls = [crl(1), crl(1, { id: "second" })];
    const old = reading([1], { crls, readAt: NOW - MINUTE });
    expect(actionFor({ anchors: [anchor([1], { reading: old })] })).toStrictEqual({ do: "ReadAnchor", anchor: "prod" });
  });

  test.each<[string, Changes, WaitCode]>([
    ["by-clocks-that-differ", { ...two({}, {}), time: untrusted }, "TimeUntrusted"],
    ["that-revokes-what-our-state-does-not-know-of", two({}, { number: 11n, current: false }), "StateBehind"],
    ["for-an-authority-that-is-going", { ...two({}, {}), deleting: true }, "BeingDeleted"],
    ["soon-after-a-call-has-failed", two({}, {}, { failure }), "AnchorUnreachable"],
  ])("none-goes-%s", (_name, changes, code) => {
    expect(actionFor(changes)?.do).not.toBe("DeleteCrl");
    expect(codesFor(changes)).toContain(code);
  });

  test("the-second-goes-by-its-owners-hand", () => {
    expect(byHand(two({}, {}, { manage: false }))).toStrictEqual([
      {
        code: "RemoveCrlByHand",
        anchor: "prod",
        generation: 1,
        message: "Trust anchor prod is not managed: delete CRL other, the second one of generation 1, by hand",
      },
    ]);
  });
});
