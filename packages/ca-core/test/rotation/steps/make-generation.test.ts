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
  rootOf,
  rotate,
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

describe("a generation that was made", () => {
  const made = (changes: Partial<GenerationObservation> = {}) =>
    generation(2, "Pending", { recorded: false, mark: { notAfter: rootOf(2).notBefore, sealed: false }, ...changes });
  const inStatus = { do: "SetPhases", changes: [{ generation: 2, phase: "Pending" }], at: NOW };

  test("is-recorded-before-anything-else-is-done-with-it", () => {
    expect(actionFor({ generations: [active, made()] })).toStrictEqual(inStatus);
    expect(actionFor({ generations: [active, made()], anchors: [anchor([1, 2])] })).toStrictEqual(inStatus);
  });

  test("is-recorded-though-its-root-has-expired-so-that-it-can-be-given-up", () => {
    const root = { ...rootOf(2), notAfter: NOW - DAY };
    expect(actionFor({ generations: [active, made({ root })] })).toStrictEqual(inStatus);
  });

  test("gets-its-mark-first-where-nothing-can-be-signed-yet", () => {
    expect(actionFor({ generations: [active, made({ mark: undefined })] })).toStrictEqual({
      do: "RestoreMark",
      generation: 2,
      notAfter: rootOf(2).notBefore,
    });
  });

  test.each<Row>([atTime, fromBackup])("is-not-recorded-%s", (_name, changes, code) => {
    expectHeldUp({ generations: [active, made()], ...changes }, "SetPhases", code);
  });

  test("that-is-recorded-is-not-recorded-again", () => {
    const [first, second] = [generation(1, "Active"), generation(2, "Pending")];
    expect(actionFor({ generations: [first, second], anchors: [anchor([1], { failure })] })).toBeUndefined();
  });
});

describe("a generation is made", () => {
  test("with-a-number-above-every-one-ever-seen", () => {
    expect(actionFor({ operations: [rotate], highestNumberSeen: 17 })).toMatchObject({ generation: 18 });
  });

  test.each([
    [365, 30],
    [100, 30],
    [60, 30],
    [40, 20],
  ])("of-a-root-of-%i-days-%i-days-before-its-end", (life, lead) => {
    const root = { ...rootOf(1), notBefore: NOW - (life - lead) * DAY, notAfter: NOW + lead * DAY };
    const due = { generations: [generation(1, "Active", { root })] };
    expect(actionFor(due)?.do).toBe("MakeGeneration");
    const [reason] = reasonsFor({
      generations: [
        generation(1, "Active", {
          root: { ...root, notAfter: root.notAfter + 2_000, notBefore: root.notBefore + 2_000 },
        }),
      ],
    });
    expect(reason).toMatchObject({ code: "RotationNotDue", until: NOW + 2_000 });
  });

  const rows: readonly Row[] = [
    [
      "not-while-another-is-pending",
      {
        operations: [],
        generations: [
          generation(1, "Active", { root: { ...rootOf(1), notAfter: NOW + DAY } }),
          generation(2, "Pending"),
        ],
        anchors: [anchor([1], { failure })],
      },
      "GenerationInProgress",
    ],
    [
      "not-while-another-drains",
      { generations: [generation(1, "Draining"), generation(2, "Active")], anchors: [anchor([1, 2])] },
      "GenerationInProgress",
    ],
    [
      "not-while-a-foreign-root-has-its-slot",
      { anchors: [anchor([1, 9])], foreignRoots: [{ fingerprint: "root9", drainUntil: NOW + DAY }] },
      "ForeignRootDraining",
    ],
    ["not-with-a-strangers-certificate", { anchors: [anchor([1, 9], { joined: false })] }, "Drift"],
    [
      "not-while-an-anchor-is-joining",
      {
        anchors: [anchor([1]), anchor([], { name: "new", joined: false, reading: reading([], { state: "Missing" }) })],
      },
      "AnchorNotJoined",
    ],
    ["not-for-an-authority-that-is-going", { deleting: true, operations: [] }, "BeingDeleted"],
  ];
  test.each(rows)("%s", (_name, changes, code) => {
    const all = { operations: [rotate], ...changes };
    expect(codesFor(all)).toContain(code);
    expect(actionFor(all)?.do).not.toBe("MakeGeneration");
  });

  test("not-soon-after-one-was-abandoned-unless-ordered", () => {
    const root = { ...rootOf(1), notAfter: NOW + 20 * DAY };
    const generations = [
      generation(1, "Active", { root }),
      generation(2, "Abandoned", { hasKey: false, phaseSince: NOW - DAY }),
    ];
    expect(codesFor({ generations, highestNumberSeen: 2 })).toContain("PausedAfterAbandon");
    expect(actionFor({ generations, operations: [rotate] })).toMatchObject({ do: "MakeGeneration", generation: 3 });
  });
});

describe("the next generation is made", () => {
  const two = (changes: Changes = {}): Changes => ({ operations: [rotate], ...changes });

  test("with-a-number-above-those-of-all-that-are-known", () => {
    const generations = [active, generation(5, "Destroyed")];
    expect(actionFor(two({ generations, highestNumberSeen: 3 }))).toStrictEqual({
      do: "MakeGeneration",
      generation: 6,
      at: NOW,
    });
    expect(actionFor({ generations: [], highestNumberSeen: 0, anchors: [] })).toMatchObject({ generation: 1 });
  });

  const troubled = {
    anchors: [anchor([1, 9], { joined: false, failure, reading: reading([1, 9], { readAt: NOW - HOUR }) })],
  };
  test.each([
    ["when-what-signs-is-compromised", [generation(1, "Active", { compromised: true })]],
    ["when-nobody-signs", []],
    ["when-the-only-one-drains", [generation(1, "Draining")]],
  ])("%s-whatever-is-the-matter-with-an-anchor", (_name, generations) => {
    expect(actionFor({ ...troubled, generations })?.do).toBe("MakeGeneration");
  });

  test.each<Row>([
    atTime,
    [
      "by-a-state-from-a-backup",
      { anchors: [anchor([1], { reading: reading([1], { crls: [crl(1, { number: 11n })] }) })] },
      "StateBehind",
    ],
    [
      "by-readings-of-long-ago",
      { anchors: [anchor([1], { failure, reading: reading([1], { readAt: NOW - 11 * MINUTE }) })] },
      "AnchorNotRead",
    ],
  ])("not-%s", (_name, changes, code) => {
    expectHeldUp(two(changes), "MakeGeneration", code);
  });
});
