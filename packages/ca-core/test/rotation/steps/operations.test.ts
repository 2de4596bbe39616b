import { describe, expect, test } from "vitest";
import type { GenerationObservation, Operation, RotationObservation } from "../../../src/rotation/observation.ts";
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
  MINUTE,
  NOW,
  reading,
  rotate,
  untrusted,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;

const freeze: Operation = { name: "freeze-1", kind: "Freeze" };
const unfreeze: Operation = { name: "unfreeze-1", kind: "Unfreeze" };
const abandon: Operation = { name: "abandon-1", kind: "Abandon" };
const compromised = (...generations: number[]): Operation => ({ name: "stolen", kind: "Compromised", generations });
const free = { byOperator: false, byCompromise: false, acknowledged: false };
const finished = (operation: string, outcome: "Done" | "Refused", message: string) => ({
  do: "FinishOperation",
  operation,
  outcome,
  message,
});
const active = generation(1, "Active");
const sealed = generation(1, "Active", { mark: { notAfter: NOW + DAY, sealed: true } });

test.each<[string, Changes, object | undefined]>([
  [
    "a-freeze-is-done-when-the-issuer-stands-still",
    { operations: [freeze], freeze: { ...free, byOperator: true, acknowledged: true } },
    finished("freeze-1", "Done", "the issuer stands still"),
  ],
  [
    "a-freeze-is-done-when-a-later-operation-lifts-it",
    { operations: [freeze, rotate, unfreeze] },
    finished("freeze-1", "Done", "it was lifted by operation unfreeze-1"),
  ],
  [
    "a-freeze-after-an-unfreeze-holds",
    { operations: [unfreeze, freeze], freeze: { ...free, byOperator: true, byCompromise: true } },
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
      freeze: { ...free, byCompromise: true },
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
      freeze: { ...free, byCompromise: true },
    },
    { do: "MarkCompromised", generations: [1, 2] },
  ],
])("%s", (_name, changes, action) => {
  expect(actionFor(changes)).toStrictEqual(action);
});

describe("Compromised", () => {
  const bad = { compromised: true, mark: { notAfter: NOW + DAY, sealed: true }, hasKey: false };
  const world = (generations: readonly GenerationObservation[], changes: Changes = {}): Changes => ({
    generations,
    operations: [compromised(1, 2)],
    freeze: { ...free, byCompromise: true, acknowledged: true },
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

describe("Recover", () => {
  const recover = (startedAt: number | undefined): Operation => ({
    name: "mend",
    kind: "Recover",
    accepted: [],
    startedAt,
  });
  const covered = { mark: { notAfter: NOW + 8 * DAY, sealed: false } };
  const done = finished("mend", "Done", "marks and revocations cover what was restored");
  const one = [generation(1, "Active", covered)];
  const newer = crl(1, { number: 11n, current: false });

  test.each<[string, Changes, WaitCode]>([
    ["by-clocks-that-differ", { operations: [recover(undefined)], time: untrusted }, "TimeUntrusted"],
    [
      "by-readings-of-long-ago",
      {
        operations: [recover(undefined)],
        anchors: [anchor([1], { failure, reading: reading([1], { readAt: NOW - 11 * MINUTE }) })],
      },
      "AnchorNotRead",
    ],
  ])("does-not-begin-%s", (_name, changes, code) => {
    expect(actionFor(changes)?.do).not.toBe("BeginOperation");
    expect(codesFor(changes)).toContain(code);
  });

  test("raises-no-mark-that-is-not-there", () => {
    const generations = [generation(1, "Destroyed", { mark: undefined }), generation(2, "Active", covered)];
    expect(actionFor({ generations, operations: [recover(NOW)], anchors: [anchor([2])] })).toStrictEqual(done);
  });

  test("adds-what-aws-revokes-of-the-generation-that-it-is-of", () => {
    const generations = [generation(2, "Active", covered), generation(1, "Draining", { crlNumber: 10n })];
    const crls = [crl(2), newer];
    const world = { generations, operations: [recover(NOW)] };
    const anchors = [anchor([1, 2], { reading: reading([1, 2], { crls }) })];
    expect(actionFor({ ...world, anchors })).toStrictEqual({ do: "MergeRevocations", anchor: "prod", generation: 1 });
    expect(actionFor({ ...world, anchors: anchors.map((anchor) => ({ ...anchor, failure })) })).toBeUndefined();
  });

  test("is-not-done-while-an-anchor-was-not-read", () => {
    const anchors = [anchor([], { reading: undefined, failure })];
    expect(actionFor({ generations: one, operations: [recover(NOW)], anchors })).toBeUndefined();
  });

  test("is-done-whatever-crl-of-somebody-else-is-there", () => {
    const crls = [crl(1), crl(8, { generation: undefined, number: 99n })];
    const anchors = [anchor([1], { reading: reading([1], { crls }) })];
    expect(actionFor({ generations: one, operations: [recover(NOW)], anchors })).toStrictEqual(done);
  });
});
