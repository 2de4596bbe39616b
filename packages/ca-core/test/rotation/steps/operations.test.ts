import { describe, expect, test } from "vitest";
import type { Operation, RotationObservation } from "../../../src/rotation/observation.ts";
import {
  actionFor,
  anchor,
  beforeTheSwitch,
  codesFor,
  DAY,
  finished,
  generation,
  held,
  NOW,
  reasonsFor,
  rotate,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;

const freeze: Operation = { name: "freeze-1", kind: "Freeze" };
const unfreeze: Operation = { name: "unfreeze-1", kind: "Unfreeze" };
const abandon: Operation = { name: "abandon-1", kind: "Abandon" };
const compromised = (...generations: number[]): Operation => ({ name: "stolen", kind: "Compromised", generations });
const active = generation(1, "Active");
const sealed = generation(1, "Active", { mark: { notAfter: NOW + DAY, sealed: true } });
const done = { do: "FinishOperation", outcome: "Done" } as const;

test.each<[string, Changes, object | undefined]>([
  [
    "a-freeze-is-done-when-the-issuer-stands-still",
    { operations: [freeze], freeze: held({ byOperator: true, acknowledged: true }) },
    finished("freeze-1", "Done", "the issuer stands still"),
  ],
  [
    "a-freeze-is-done-when-a-later-operation-lifts-it",
    { operations: [freeze, rotate, unfreeze] },
    finished("freeze-1", "Done", "it was lifted by operation unfreeze-1"),
  ],
  [
    "a-freeze-after-an-unfreeze-holds",
    { operations: [unfreeze, freeze], freeze: held({ byOperator: true, byCompromise: true }) },
    { do: "Unfreeze", hold: "Operator" },
  ],
  [
    "an-unfreeze-of-what-nobody-holds-is-done",
    { operations: [unfreeze, freeze] },
    finished("unfreeze-1", "Done", "no operator holds issuing"),
  ],
  ["a-freeze-before-other-operations-holds", { operations: [freeze, rotate] }, { do: "Freeze", hold: "Operator" }],
  [
    "a-rotation-of-an-authority-that-is-going-is-refused",
    { operations: [rotate], deleting: true },
    finished("rotate-1", "Refused", "the CertificateAuthority is being deleted"),
  ],
  [
    "a-rotation-is-done-when-it-has-begun",
    { ...beforeTheSwitch, operations: [rotate] },
    finished("rotate-1", "Done", "generation 2 is being introduced"),
  ],
  [
    "the-first-generation-is-given-up-where-nothing-excludes-it",
    { generations: [generation(1, "Pending")], operations: [abandon], anchors: [anchor([1])] },
    { do: "BeginAbandon", generation: 1, recordedIn: undefined, because: "operation abandon-1", at: NOW },
  ],
  [
    "what-status-does-not-know-is-recorded-before-it-is-given-up",
    { generations: [active, generation(2, "Pending", { recorded: false })], operations: [abandon] },
    { do: "SetPhases", changes: [{ generation: 2, phase: "Pending" }], at: NOW },
  ],
  [
    "what-is-given-up-is-not-given-up-twice",
    { generations: [active, generation(2, "Pending", { abandoning: true })], operations: [abandon] },
    finished("abandon-1", "Done", "generation 2 is being abandoned"),
  ],
  [
    "what-has-taken-over-is-not-given-up",
    { ...beforeTheSwitch, generations: [sealed, generation(2, "Published")], operations: [abandon] },
    finished(
      "abandon-1",
      "Refused",
      "generation 2 has taken over; after the switch there is only a further one: order Rotate",
    ),
  ],
  [
    "where-nothing-is-introduced-nothing-is-given-up",
    { operations: [abandon] },
    finished(
      "abandon-1",
      "Refused",
      "no generation is being introduced; after the switch there is only a further one: order Rotate",
    ),
  ],
  [
    "the-hold-of-a-compromise-ends-though-other-operations-wait",
    {
      ...beforeTheSwitch,
      operations: [{ name: "r", kind: "Release", aws: "Keep" }],
      freeze: held({ byCompromise: true }),
      deleting: true,
    },
    { do: "Unfreeze", hold: "Compromise" },
  ],
  [
    "a-generation-that-nobody-knows-cannot-be-compromised",
    { operations: [compromised(8, 9)] },
    finished("stolen", "Refused", "there is no generation 8 or 9"),
  ],
  [
    "a-second-generation-of-the-same-order-is-marked-as-well",
    {
      generations: [generation(1, "Draining", { compromised: true }), generation(2, "Active")],
      operations: [compromised(1, 2, 9)],
      freeze: held({ byCompromise: true }),
    },
    { do: "MarkCompromised", generations: [1, 2] },
  ],
])("%s", (_name, changes, action) => {
  expect(actionFor(changes)).toStrictEqual(action);
});

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
