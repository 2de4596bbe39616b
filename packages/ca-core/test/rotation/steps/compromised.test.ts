import { describe, expect, test } from "vitest";
import type { GenerationObservation, Operation, RotationObservation } from "../../../src/rotation/observation.ts";
import type { WaitCode } from "../../../src/rotation/reason.ts";
import {
  actionFor,
  anchor,
  codesFor,
  crl,
  DAY,
  failure,
  finished,
  generation,
  held,
  MINUTE,
  NOW,
  reading,
  untrusted,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;

const done = { do: "FinishOperation", outcome: "Done" } as const;
const refused = { do: "FinishOperation", outcome: "Refused" } as const;
const order = (...generations: number[]): Operation => ({ name: "stolen", kind: "Compromised", generations });

describe("Compromised", () => {
  const frozen = held({ byCompromise: true, acknowledged: true });
  const bad = { compromised: true };
  const sealed = { mark: { notAfter: NOW + DAY, sealed: true } };

  test("freezes-first-whatever-the-time", () => {
    const time = { own: NOW, apiServer: NOW + DAY, aws: NOW, highWater: NOW };
    expect(actionFor({ operations: [order(1)], time })).toEqual({ do: "Freeze", hold: "Compromise" });
    expect(actionFor({ operations: [order(1)], freeze: frozen, time })).toEqual({
      do: "MarkCompromised",
      generations: [1],
    });
  });

  test("is-refused-for-a-generation-that-does-not-exist", () => {
    expect(actionFor({ operations: [order(9)] })).toMatchObject(refused);
  });

  test("the-compromised-root-stays-beside-a-foreign-one-until-a-new-generation-is-there", () => {
    const world = {
      operations: [order(1)],
      freeze: frozen,
      generations: [generation(1, "Active", bad)],
      anchors: [anchor([1, 9], { ownLeaf: undefined })],
      foreignRoots: [{ fingerprint: "root9", drainUntil: NOW + DAY }],
    };
    expect(actionFor(world)).toEqual(expect.objectContaining({ do: "MakeGeneration", generation: 2 }));
    expect(codesFor(world)).toContain("NothingWouldRemain");
  });

  /** One world after the other, until the order is done. */
  const steps: readonly (readonly [string, Partial<RotationObservation>, object])[] = [
    [
      "a-new-generation-is-made",
      { generations: [generation(1, "Active", bad)] },
      { do: "MakeGeneration", generation: 2 },
    ],
    [
      "its-root-comes-beside-the-old-one",
      { generations: [generation(1, "Active", bad), generation(2, "Pending")] },
      { do: "WriteAnchor", bundle: ["root1", "root2"], removes: [] },
    ],
    [
      "our-own-leaf-is-of-it",
      {
        generations: [generation(1, "Active", bad), generation(2, "Pending")],
        anchors: [anchor([1, 2], { ownLeaf: { generation: 1 } })],
      },
      { do: "RenewOwnLeaf", generation: 2 },
    ],
    [
      "the-compromised-root-goes-without-a-drain",
      {
        generations: [generation(1, "Active", bad), generation(2, "Pending")],
        anchors: [anchor([1, 2], { ownLeaf: { generation: 2 } })],
      },
      { do: "StoreRemovalIntent", remaining: ["root2"], removes: ["root1"] },
    ],
    [
      "it-is-published-and-the-old-mark-sealed-without-a-soak",
      {
        generations: [generation(1, "Active", bad), generation(2, "Published")],
        anchors: [
          anchor([2], {
            reading: reading([2], { equal: { count: 1, since: NOW - 5_000 } }),
            canary: { last: undefined },
          }),
        ],
      },
      { do: "SealMark", generation: 1 },
    ],
    [
      "phases-follow",
      {
        generations: [generation(1, "Active", { ...bad, ...sealed }), generation(2, "Published")],
        anchors: [anchor([2])],
      },
      { do: "SetPhases" },
    ],
    [
      "the-old-one-is-retired-at-once",
      {
        generations: [generation(1, "Draining", { ...bad, ...sealed }), generation(2, "Active")],
        anchors: [anchor([2])],
      },
      { do: "SetPhases", changes: [{ generation: 1, phase: "Retired" }] },
    ],
    [
      "everything-it-issued-is-issued-anew",
      {
        generations: [generation(1, "Retired", { ...bad, ...sealed }), generation(2, "Active")],
        anchors: [anchor([2])],
      },
      { do: "OrderReissue", generation: 1 },
    ],
    [
      "the-operation-is-done",
      {
        generations: [generation(1, "Retired", { ...bad, ...sealed, reissueOrdered: true }), generation(2, "Active")],
        anchors: [anchor([2])],
      },
      { ...done, message: "generation 2 signs, and what was compromised is gone from every anchor" },
    ],
  ];
  test.each(steps)("%s", (_name, world, action) => {
    expect(actionFor({ operations: [order(1)], freeze: frozen, ...world })).toMatchObject(action);
  });

  test("is-not-done-by-one-reading-alone", () => {
    const generations = [
      generation(1, "Retired", { ...bad, ...sealed, reissueOrdered: true }),
      generation(2, "Active"),
    ];
    const once = reading([2], { equal: { count: 1, since: NOW - 10_000 } });
    const world = { operations: [order(1)], freeze: frozen, generations, anchors: [anchor([2], { reading: once })] };
    expect(actionFor(world)).toBeUndefined();
    expect(codesFor(world)).toContain("AnchorNotRead");
  });

  test("the-hold-is-lifted-after-the-last-such-operation", () => {
    expect(actionFor({ freeze: frozen })).toEqual({ do: "Unfreeze", hold: "Compromise" });
  });

  test("never-leaves-an-anchor-without-the-root-of-our-own-leaf", () => {
    const anchors = [anchor([1, 2], { ownLeaf: { generation: 1 }, failure })];
    const generations = [generation(1, "Active", { ...bad, ...sealed }), generation(2, "Pending", { hasKey: false })];
    const world = { operations: [order(1)], freeze: frozen, generations, anchors };
    expect(actionFor(world)).toBeUndefined();
    // Nor when the anchor can be reached: the other leaf cannot be had without the other key.
    expect(codesFor({ ...world, anchors: [anchor([1, 2], { ownLeaf: { generation: 1 } })] })).toContain(
      "OwnLeafWouldBeRefused",
    );
  });

  test("a-draining-generation-alone-is-removed-and-nothing-else", () => {
    const generations = [generation(1, "Draining", bad), generation(2, "Active")];
    const world = { operations: [order(1)], freeze: frozen, generations, anchors: [anchor([1, 2])] };
    expect(actionFor(world)).toMatchObject({ do: "StoreRemovalIntent", remaining: ["root2"] });
  });

  test("an-incoming-generation-alone-is-given-up-and-the-active-one-goes-on", () => {
    const generations = [generation(1, "Active"), generation(2, "Published", bad)];
    const world = { operations: [order(2)], freeze: frozen, generations, anchors: [anchor([1, 2])] };
    expect(actionFor(world)).toMatchObject({ do: "BeginAbandon", generation: 2, because: "it is compromised" });
  });

  test("with-a-rotation-half-done-what-comes-is-what-replaces", () => {
    const generations = [generation(1, "Active", bad), generation(2, "Published")];
    const world = { operations: [order(1)], freeze: frozen, generations, anchors: [anchor([1, 2])] };
    expect(actionFor(world)).toMatchObject({ do: "StoreRemovalIntent", remaining: ["root2"], removes: ["root1"] });
  });

  test("with-a-clean-one-draining-there-is-no-way-back-to-it-but-it-stays-beside-the-new-one", () => {
    const generations = [generation(1, "Draining"), generation(2, "Active", bad)];
    const world = {
      operations: [order(2)],
      freeze: frozen,
      generations,
      highestNumberSeen: 2,
      anchors: [anchor([1, 2])],
    };
    expect(actionFor(world)).toMatchObject({ do: "MakeGeneration", generation: 3 });
    const made = { ...world, generations: [...generations, generation(3, "Pending")] };
    expect(actionFor(made)).toMatchObject({
      do: "StoreRemovalIntent",
      remaining: ["root1", "root3"],
      removes: ["root2"],
    });
    const own = { ...made, anchors: [anchor([1, 2], { ownLeaf: { generation: 2 } })] };
    expect(actionFor(own)).toMatchObject({ do: "RenewOwnLeaf", generation: 1 });
  });
});

describe("an order of Compromised", () => {
  const bad = { compromised: true, mark: { notAfter: NOW + DAY, sealed: true }, hasKey: false };
  const world = (generations: readonly GenerationObservation[], changes: Changes = {}): Changes => ({
    generations,
    operations: [order(1, 2)],
    freeze: held({ byCompromise: true, acknowledged: true }),
    anchors: [anchor([3])],
    highestNumberSeen: 3,
    ...changes,
  });
  const clean = generation(3, "Active");
  const ordered = { ...bad, reissueOrdered: true };
  const over = finished("stolen", "Done", "generation 3 signs, and what was compromised is gone from every anchor");

  test.each(["Retired", "Destroyed", "Abandoned"] as const)("is-done-when-what-it-names-is-%s", (phase) => {
    const generations = [generation(1, phase, ordered), generation(2, "Destroyed", ordered), clean];
    expect(actionFor(world(generations))).toStrictEqual(over);
  });

  test("lets-everything-be-issued-anew-first", () => {
    const generations = [generation(1, "Destroyed", ordered), generation(2, "Retired", bad), clean];
    expect(actionFor(world(generations))).toStrictEqual({ do: "OrderReissue", generation: 2 });
  });

  const both = [generation(1, "Destroyed", ordered), generation(2, "Retired", ordered)];
  test.each<[string, Changes, WaitCode | undefined]>([
    [
      "while-one-of-them-drains",
      world([generation(1, "Destroyed", ordered), generation(2, "Draining", ordered), clean], { time: untrusted }),
      "TimeUntrusted",
    ],
    [
      "while-nobody-signs",
      world([...both, generation(3, "Active", { mark: { notAfter: NOW, sealed: true } })], { time: untrusted }),
      "TimeUntrusted",
    ],
    ["while-none-is-active", world(both, { time: untrusted }), "TimeUntrusted"],
    [
      "while-what-signs-is-compromised",
      world([...both, generation(3, "Active", { compromised: true })], { time: untrusted }),
      "TimeUntrusted",
    ],
    [
      "while-an-anchor-holds-the-root-of-one",
      world([...both, clean], { anchors: [anchor([2, 3], { manage: false })] }),
      "AnchorStillHoldsRoot",
    ],
    [
      "while-an-anchor-holds-the-crl-of-one",
      world([...both, clean], {
        anchors: [anchor([3], { manage: false, reading: reading([3], { crls: [crl(3), crl(1)] }) })],
      }),
      "AnchorStillHoldsCrl",
    ],
    [
      "by-readings-of-long-ago",
      world([...both, clean], {
        anchors: [anchor([3], { failure, reading: reading([3], { readAt: NOW - 11 * MINUTE }) })],
      }),
      "AnchorNotRead",
    ],
  ])("is-not-done-%s", (_name, changes, code) => {
    expect(actionFor(changes)?.do).not.toBe("FinishOperation");
    if (code !== undefined) expect(codesFor(changes)).toContain(code);
  });
});
