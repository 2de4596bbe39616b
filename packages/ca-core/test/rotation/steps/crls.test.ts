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
