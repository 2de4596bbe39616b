import { describe, expect, test } from "vitest";
import type { Operation, RotationObservation } from "../../src/rotation/observation.ts";
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
  rotate,
} from "./observation.ts";

const freeze: Operation = { name: "freeze-1", kind: "Freeze" };
const unfreeze: Operation = { name: "unfreeze-1", kind: "Unfreeze" };
const abandon: Operation = { name: "abandon-1", kind: "Abandon" };
const held = (changes: Partial<RotationObservation["freeze"]>): RotationObservation["freeze"] => ({
  byOperator: false,
  byCompromise: false,
  acknowledged: false,
  ...changes,
});
const done = { do: "FinishOperation", outcome: "Done" } as const;
const refused = { do: "FinishOperation", outcome: "Refused" } as const;

describe("Freeze and Unfreeze", () => {
  test("a-freeze-holds-and-is-done-when-the-issuer-stands-still", () => {
    const operations = [freeze];
    expect(actionFor({ operations })).toEqual({ do: "Freeze", hold: "Operator" });
    expect(reasonsFor({ operations, freeze: held({ byOperator: true }) })[0]?.code).toBe("FreezeNotAcknowledged");
    expect(actionFor({ operations, freeze: held({ byOperator: true, acknowledged: true }) })).toMatchObject(done);
  });

  test("a-freeze-that-was-lifted-before-it-was-done-is-not-begun-again", () => {
    const operations = [freeze, unfreeze];
    expect(actionFor({ operations })).toMatchObject({ ...done, operation: "freeze-1" });
    expect(actionFor({ operations: [unfreeze], freeze: held({ byOperator: true }) })).toEqual({
      do: "Unfreeze",
      hold: "Operator",
    });
    expect(actionFor({ operations: [unfreeze] })).toMatchObject({ ...done, operation: "unfreeze-1" });
  });

  test("a-freeze-does-not-stop-the-rotation", () => {
    expect(actionFor({ ...beforeTheSwitch, freeze: held({ byOperator: true }) })?.do).toBe("SealMark");
  });

  test("an-unfreeze-does-not-lift-the-hold-of-a-compromise", () => {
    expect(actionFor({ operations: [unfreeze], freeze: held({ byCompromise: true }) })).toMatchObject({
      do: "FinishOperation",
      message: "no operator holds issuing; issuing is still held until a compromised generation is replaced",
    });
  });
});

describe("Rotate", () => {
  test("makes-the-next-generation-due-and-is-done-when-it-is-begun", () => {
    expect(actionFor({ operations: [rotate] })).toMatchObject({ do: "MakeGeneration", generation: 2 });
    expect(actionFor({ ...beforeTheSwitch, operations: [rotate] })).toMatchObject(done);
  });

  test("waits-for-a-drain-and-holds-up-no-operation-after-it", () => {
    const draining = { generations: [generation(1, "Draining"), generation(2, "Active")], anchors: [anchor([1, 2])] };
    expect(codesFor({ ...draining, operations: [rotate] })).toContain("GenerationInProgress");
    expect(actionFor({ ...draining, operations: [rotate, freeze] })).toEqual({ do: "Freeze", hold: "Operator" });
  });
});

describe("Abandon", () => {
  const given = (changes: Parameters<typeof generation>[2] = {}) => ({
    generations: [generation(1, "Active"), generation(2, "Published", { abandoning: true, ...changes })],
    highestNumberSeen: 2,
    anchors: [anchor([1, 2])],
  });

  test("is-recorded-in-the-mark-that-the-switch-would-seal", () => {
    expect(actionFor({ ...beforeTheSwitch, operations: [abandon] })).toEqual({
      do: "BeginAbandon",
      generation: 2,
      recordedIn: 1,
      because: "operation abandon-1",
      at: NOW,
    });
    expect(actionFor({ ...given(), operations: [abandon] })).toMatchObject(done);
  });

  test("is-refused-when-nothing-is-being-introduced", () => {
    expect(actionFor({ operations: [abandon] })).toMatchObject(refused);
  });

  test("seals-what-is-given-up-waits-for-its-leaves-and-takes-its-root-back", () => {
    expect(actionFor(given())).toEqual({ do: "SealMark", generation: 2, at: NOW });
    const waiting = given({ mark: { notAfter: NOW, sealed: true } });
    expect(reasonsFor(waiting)[0]).toMatchObject({ code: "Draining", generation: 2, until: NOW + 10 * MINUTE });
    const passed = given({ mark: { notAfter: NOW - HOUR, sealed: true } });
    expect(actionFor(passed)).toMatchObject({ do: "StoreRemovalIntent", remaining: ["root1"], removes: ["root2"] });
    expect(actionFor({ ...passed, anchors: [anchor([1])] })).toMatchObject({
      changes: [{ generation: 2, phase: "Abandoned" }],
    });
  });

  test("needs-no-wait-when-nothing-was-signed", () => {
    const { notBefore } = generation(2, "Published").root;
    const unsigned = given({ phase: "Pending", mark: { notAfter: notBefore, sealed: true } });
    expect(actionFor({ ...unsigned, anchors: [anchor([1])] })).toMatchObject({ changes: [{ phase: "Abandoned" }] });
  });

  test("comes-by-itself-when-the-deadline-has-passed-with-an-anchor-failing", () => {
    const late = { ...generation(2, "Pending").root, notBefore: NOW - 3 * DAY };
    const generations = [generation(1, "Active"), generation(2, "Pending", { root: late })];
    expect(actionFor({ generations, anchors: [anchor([1], { failure })] })).toMatchObject({
      do: "BeginAbandon",
      because:
        "its deadline was 2027-06-01T00:00:00Z: Trust anchor prod was not yet read back with the root of generation 2",
    });
    const early = [generation(1, "Active"), generation(2, "Pending")];
    expect(actionFor({ generations: early, anchors: [anchor([1], { failure })] })).toBeUndefined();
  });

  test("does-not-come-by-itself-where-nobody-else-signs", () => {
    const late = { ...generation(2, "Pending").root, notBefore: NOW - 9 * DAY };
    const generations = [generation(2, "Published", { root: late })];
    const anchors = [anchor([], { joined: false, failure })];
    expect(codesFor({ generations, anchors })).toContain("AnchorNotJoined");
    expect(actionFor({ generations, anchors })).toBeUndefined();
  });
});

describe("Compromised", () => {
  const order = (...generations: number[]): Operation => ({ name: "stolen", kind: "Compromised", generations });
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

describe("Recover", () => {
  const recover = (startedAt: number | undefined, accepted: readonly string[] = []): Operation => ({
    name: "recover-1",
    kind: "Recover",
    accepted,
    startedAt,
  });
  const covered = { mark: { notAfter: NOW + 8 * DAY, sealed: false } };

  test("records-when-it-began", () => {
    expect(actionFor({ operations: [recover(undefined)] })).toEqual({
      do: "BeginOperation",
      operation: "recover-1",
      at: NOW,
    });
  });

  test("raises-marks-that-can-be-raised-and-lowers-none", () => {
    const generations = [
      generation(1, "Draining", { mark: { notAfter: NOW, sealed: true } }),
      generation(2, "Active", { mark: { notAfter: NOW + DAY, sealed: false } }),
    ];
    const world = { generations, operations: [recover(NOW)], anchors: [anchor([1, 2])] };
    expect(actionFor(world)).toEqual({ do: "RaiseMark", generation: 2, notAfter: NOW + 7 * DAY });
    expect(actionFor({ generations: [generation(1, "Active", covered)], operations: [recover(NOW)] })).toMatchObject(
      done,
    );
  });

  test("raises-no-mark-beyond-its-root", () => {
    const root = { fingerprint: "root1", notBefore: NOW - DAY, notAfter: NOW + DAY };
    const generations = [generation(1, "Active", { root, mark: { notAfter: NOW, sealed: false } })];
    expect(actionFor({ generations, operations: [recover(NOW)] })).toMatchObject({ notAfter: NOW + DAY });
  });

  test("keeps-the-accepted-roots-until-no-leaf-of-theirs-can-be-valid", () => {
    const world = { generations: [generation(1, "Active", covered)], anchors: [anchor([1, 9], { joined: false })] };
    expect(actionFor({ ...world, operations: [recover(NOW - HOUR, ["root9", "root7"])] })).toEqual({
      do: "AcceptRoots",
      fingerprints: ["root9"],
      drainUntil: NOW - HOUR + 7 * DAY,
    });
    const [drift, ...others] = codesFor({ ...world, operations: [recover(NOW)] });
    expect([drift, ...others]).toEqual(expect.arrayContaining(["StateBehind", "Drift"]));
    expect(actionFor({ ...world, operations: [recover(NOW)] })).toBeUndefined();
  });

  test("adds-what-aws-revokes-to-ours", () => {
    const ahead = reading([1], { crls: [crl(1, { number: 12n, current: false })] });
    const world = { generations: [generation(1, "Active", covered)], anchors: [anchor([1], { reading: ahead })] };
    expect(actionFor({ ...world, operations: [recover(NOW)] })).toEqual({
      do: "MergeRevocations",
      anchor: "prod",
      generation: 1,
    });
    expect(reasonsFor(world)[0]).toMatchObject({ code: "StateBehind", generation: 1, anchor: "prod" });
  });
});

describe("the end of an authority", () => {
  const release = (aws: "Keep" | "Delete"): Operation => ({ name: "release-1", kind: "Release", aws });

  test("waits-until-every-mark-has-passed", () => {
    expect(reasonsFor({ deleting: true }).find(({ code }) => code === "MarksNotPassed")).toMatchObject({
      until: NOW + 7 * DAY + 10 * MINUTE,
    });
    const generations = [generation(1, "Active", { mark: { notAfter: NOW - HOUR, sealed: false } })];
    expect(actionFor({ deleting: true, generations })).toEqual({
      do: "RemoveFinalizer",
      left: "Left in AWS: trust anchor prod with SHA-256 root1",
    });
  });

  test("comes-at-once-by-a-release-that-keeps-what-is-in-aws", () => {
    expect(actionFor({ deleting: true, operations: [release("Keep")] })?.do).toBe("RemoveFinalizer");
  });

  test("comes-after-our-own-anchors-are-gone-when-the-release-says-so", () => {
    const ours = anchor([1], { create: true });
    const world = { deleting: true, operations: [release("Delete")] };
    expect(actionFor({ ...world, anchors: [ours] })).toEqual({
      do: "DeleteCrl",
      anchor: "prod",
      generation: 1,
      id: "crl1",
    });
    const empty = { ...ours, reading: reading([1], { crls: [] }) };
    expect(actionFor({ ...world, anchors: [empty] })).toEqual({ do: "DeleteAnchor", anchor: "prod" });
    const gone = { ...ours, joined: false, reading: reading([], { state: "Missing" }) };
    expect(actionFor({ ...world, anchors: [gone] })?.do).toBe("RemoveFinalizer");
    expect(actionFor({ ...world, anchors: [anchor([1])] })?.do).toBe("RemoveFinalizer");
  });

  test("is-not-ordered-by-a-release-alone", () => {
    expect(actionFor({ operations: [release("Delete")] })).toMatchObject(refused);
  });
});
