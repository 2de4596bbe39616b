import { describe, expect, test } from "vitest";
import type { GenerationObservation, RotationObservation } from "../../../src/rotation/observation.ts";
import type { WaitCode } from "../../../src/rotation/reason.ts";
import {
  actionFor,
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
  untrusted,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;
type Row = readonly [name: string, changes: Changes, code: WaitCode];

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
const active = generation(1, "Active");

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

  describe("where-too-many-are-retained", () => {
    const recent = { phaseSince: NOW - HOUR, mark: { notAfter: NOW - DAY, sealed: true } };
    const many = (
      phase: "Retired" | "Abandoned",
      count: number,
      ofOldest: Partial<GenerationObservation> = {},
    ): Changes => ({
      generations: [
        ...Array.from({ length: count }, (_, index) =>
          generation(index + 1, phase, { ...recent, ...(index === 0 ? ofOldest : {}) }),
        ),
        generation(count + 1, "Active"),
      ],
      highestNumberSeen: count + 1,
      anchors: [anchor([count + 1])],
    });

    test.each(["Retired", "Abandoned"] as const)("the-oldest-that-is-%s-is-not-retained", (phase) => {
      expect(actionFor(many(phase, 24))).toBeUndefined();
      expect(actionFor(many(phase, 25))).toStrictEqual({ do: "DestroyKey", generation: 1, at: NOW });
    });

    test("and-the-oldest-is-recorded-as-destroyed-when-its-key-is-gone", () => {
      expect(actionFor(many("Retired", 25, { hasKey: false }))).toMatchObject({
        changes: [{ generation: 1, phase: "Destroyed" }],
      });
    });

    test.each<Row>([
      atTime,
      ["while-an-anchor-holds-its-root", { anchors: [anchor([1, 26], { manage: false })] }, "AnchorStillHoldsRoot"],
    ])("the-oldest-is-not-destroyed-%s", (_name, changes, code) => {
      expectHeldUp({ ...many("Retired", 25), ...changes }, "DestroyKey", code);
    });
  });

  test("that-drains-and-was-lost-is-no-reason-to-call-it-Destroyed", () => {
    const generations = [generation(1, "Draining", { ...done, hasKey: false }), generation(2, "Active")];
    expect(actionFor({ ...retired(), generations })).toMatchObject({ changes: [{ generation: 1, phase: "Retired" }] });
  });
});

describe("the end of a generation", () => {
  const gone = (phase: "Draining" | "Retired", changes = {}) => ({
    generations: [
      generation(1, phase, { mark: { notAfter: NOW - DAY, sealed: true }, ...changes }),
      generation(2, "Active"),
    ],
    highestNumberSeen: 2,
    anchors: [anchor([2])],
  });

  test("its-crl-goes-after-its-root", () => {
    const anchors = [anchor([2], { reading: reading([2], { crls: [crl(1), crl(2)] }) })];
    expect(actionFor({ ...gone("Draining"), anchors })).toEqual({
      do: "DeleteCrl",
      anchor: "prod",
      generation: 1,
      id: "crl1",
    });
  });

  test("it-is-retired-when-no-anchor-holds-it", () => {
    expect(actionFor(gone("Draining"))).toMatchObject({ changes: [{ generation: 1, phase: "Retired" }] });
  });

  test("its-key-is-destroyed-after-the-retention", () => {
    expect(reasonsFor(gone("Retired"))[0]).toMatchObject({ code: "Retained", until: NOW - HOUR + 7 * DAY });
    expect(actionFor(gone("Retired", { phaseSince: NOW - 7 * DAY }))).toEqual({
      do: "DestroyKey",
      generation: 1,
      at: NOW,
    });
    expect(actionFor(gone("Retired", { phaseSince: NOW - 7 * DAY, hasKey: false }))).toMatchObject({
      changes: [{ generation: 1, phase: "Destroyed" }],
    });
  });

  test("without-anchors-both-roots-overlap-for-the-longest-leaf", () => {
    const now = { ...gone("Draining", { phaseSince: NOW - 6 * DAY }), anchors: [] };
    expect(reasonsFor(now)[0]).toMatchObject({ code: "Draining", until: NOW + DAY });
    expect(actionFor({ ...gone("Draining", { phaseSince: NOW - 7 * DAY }), anchors: [] })).toMatchObject({
      changes: [{ phase: "Retired" }],
    });
  });
});
