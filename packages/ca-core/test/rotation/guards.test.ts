import { describe, expect, test } from "vitest";
import type { RotationObservation } from "../../src/rotation/observation.ts";
import type { WaitCode } from "../../src/rotation/reason.ts";
import {
  actionFor,
  afterTheDrain,
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
  rootOf,
  rotate,
} from "./observation.ts";

type Changes = Partial<RotationObservation>;
type Row = readonly [name: string, changes: Changes, code: WaitCode];

describe("the old mark is sealed", () => {
  test("when-everything-is-in-place", () => {
    expect(actionFor(beforeTheSwitch)).toEqual({ do: "SealMark", generation: 1, at: NOW });
  });

  const two = generation(2, "Published");
  const rows: readonly Row[] = [
    ["not-before-an-anchor-was-read-back-with-the-root", { anchors: [anchor([1], { failure })] }, "AnchorLacksRoot"],
    [
      "not-before-an-anchor-was-read-back-with-the-crl",
      { anchors: [anchor([1, 2], { reading: reading([1, 2], { crls: [crl(1)] }), failure })] },
      "AnchorLacksCrl",
    ],
    [
      "not-while-the-crl-is-not-enabled",
      {
        anchors: [
          anchor([1, 2], { reading: reading([1, 2], { crls: [crl(1), crl(2, { enabled: false })] }), failure }),
        ],
      },
      "AnchorLacksCrl",
    ],
    [
      "not-while-an-anchor-is-joining",
      { anchors: [anchor([1, 2]), anchor([], { name: "new", joined: false, failure })] },
      "AnchorNotJoined",
    ],
    [
      "not-before-the-soak-is-over",
      { anchors: [anchor([1, 2], { reading: reading([1, 2], { equal: { count: 9, since: NOW - 14 * MINUTE } }) })] },
      "Soaking",
    ],
    [
      "not-before-three-equal-read-backs",
      { anchors: [anchor([1, 2], { reading: reading([1, 2], { equal: { count: 2, since: NOW - HOUR } }) })] },
      "Soaking",
    ],
    [
      "not-before-the-soak-since-a-write-whose-answer-was-lost",
      { anchors: [anchor([1, 2], { doubtfulWriteAt: NOW - 14 * MINUTE })] },
      "Soaking",
    ],
    [
      "not-before-the-canary-has-passed",
      {
        anchors: [
          anchor([1, 2], {
            canary: {
              last: { generation: 2, passed: false, at: NOW - 1_000, message: "AccessDenied", retryAt: NOW + MINUTE },
            },
          }),
        ],
      },
      "CanaryNotPassed",
    ],
    [
      "not-by-a-canary-from-before-the-bundle-changed",
      {
        anchors: [
          anchor([1, 2], {
            canary: { last: { generation: 2, passed: true, at: NOW - 2 * HOUR, message: "ok", retryAt: NOW + MINUTE } },
            failure,
          }),
        ],
      },
      "CanaryNotPassed",
    ],
    [
      "not-by-readings-of-long-ago",
      {
        anchors: [
          anchor([1, 2], {
            reading: reading([1, 2], { readAt: NOW - 11 * MINUTE }),
            failure,
          }),
        ],
      },
      "AnchorNotRead",
    ],
    [
      "not-without-the-new-key",
      { generations: [generation(1, "Active"), generation(2, "Published", { hasKey: false })] },
      "KeyMissing",
    ],
    [
      "not-when-the-new-mark-is-sealed",
      { generations: [generation(1, "Active"), generation(2, "Published", { mark: { notAfter: NOW, sealed: true } })] },
      "MarkSealed",
    ],
    [
      "not-when-the-new-root-is-not-valid-yet",
      { generations: [generation(1, "Active"), { ...two, root: { ...two.root, notBefore: NOW + HOUR } }] },
      "RootNotValid",
    ],
    [
      "not-with-a-strangers-certificate-in-an-anchor",
      { anchors: [anchor([1, 2]), anchor([1, 9], { name: "other" })] },
      "Drift",
    ],
    ["not-for-an-authority-that-is-going", { deleting: true }, "BeingDeleted"],
    [
      "not-while-aws-knows-more-than-we-do",
      { anchors: [anchor([1, 2], { reading: reading([1, 2], { crls: [crl(1, { number: 11n }), crl(2)] }) })] },
      "StateBehind",
    ],
  ];
  test.each(rows)("%s", (_name, changes, code) => {
    const all = { ...beforeTheSwitch, ...changes };
    expect(codesFor(all)).toContain(code);
    expect(actionFor(all)?.do).not.toBe("SealMark");
  });

  test("whatever-an-ignored-anchor-lacks", () => {
    const ignored = anchor([9], { name: "old", ignore: true, joined: false });
    expect(actionFor({ ...beforeTheSwitch, anchors: [anchor([1, 2]), ignored] })?.do).toBe("SealMark");
  });

  test("whatever-the-order-of-the-certificates", () => {
    expect(actionFor({ ...beforeTheSwitch, anchors: [anchor([2, 1])] })?.do).toBe("SealMark");
  });

  test("by-an-anchor-that-others-manage-once-it-holds-the-root", () => {
    const unmanaged = anchor([1], { name: "theirs", manage: false });
    const told = reasonsFor({ ...beforeTheSwitch, anchors: [anchor([1, 2]), unmanaged] });
    expect(told.find(({ code }) => code === "AddRootByHand")).toEqual({
      code: "AddRootByHand",
      anchor: "theirs",
      generation: 2,
      message: "Trust anchor theirs is not managed: add the root of generation 2 (SHA-256 root2) by hand",
    });
    const held = { ...unmanaged, reading: reading([1, 2]) };
    expect(actionFor({ ...beforeTheSwitch, anchors: [anchor([1, 2]), held] })?.do).toBe("SealMark");
  });
});

describe("after the seal", () => {
  const sealed = generation(1, "Active", { mark: { notAfter: NOW + DAY, sealed: true } });

  test("phases-follow-in-one-write", () => {
    expect(actionFor({ ...beforeTheSwitch, generations: [sealed, generation(2, "Published")] })).toEqual({
      do: "SetPhases",
      changes: [
        { generation: 2, phase: "Active" },
        { generation: 1, phase: "Draining" },
      ],
      at: NOW,
    });
  });

  test("a-root-that-an-anchor-has-lost-meanwhile-comes-first", () => {
    const lost = { generations: [sealed, generation(2, "Published")], anchors: [anchor([1])] };
    expect(actionFor(lost)).toEqual({ do: "WriteAnchor", anchor: "prod", bundle: ["root1", "root2"], removes: [] });
  });

  test("an-abandon-operation-is-refused", () => {
    const operations = [{ name: "abandon-1", kind: "Abandon" }] as const;
    expect(
      actionFor({ ...beforeTheSwitch, generations: [sealed, generation(2, "Published")], operations }),
    ).toMatchObject({
      do: "FinishOperation",
      outcome: "Refused",
    });
  });

  test("with-nothing-to-follow-a-further-generation-is-made", () => {
    expect(actionFor({ generations: [sealed] })).toMatchObject({ do: "SetPhases", changes: [{ phase: "Draining" }] });
    const draining = generation(1, "Draining", { mark: { notAfter: NOW + DAY, sealed: true } });
    expect(actionFor({ generations: [draining] })).toMatchObject({ do: "MakeGeneration", generation: 2 });
  });
});

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

describe("an anchor", () => {
  test("that-lost-a-needed-root-is-joined-no-more-and-repaired", () => {
    const generations = [generation(1, "Draining"), generation(2, "Active")];
    expect(actionFor({ generations, anchors: [anchor([1])] })).toEqual({
      do: "SetJoined",
      anchor: "prod",
      joined: false,
      because: "it lacks the root of generation 2",
    });
    expect(actionFor({ generations, anchors: [anchor([1], { joined: false })] })).toEqual({
      do: "WriteAnchor",
      anchor: "prod",
      bundle: ["root1", "root2"],
      removes: [],
    });
  });

  test("is-repaired-together-with-the-root-that-is-being-introduced-since-a-reading-may-be-behind", () => {
    const behind = reading([], { bundle: [], crls: [] });
    expect(actionFor({ ...beforeTheSwitch, anchors: [anchor([], { joined: false, reading: behind })] })).toEqual({
      do: "WriteAnchor",
      anchor: "prod",
      bundle: ["root1", "root2"],
      removes: [],
    });
  });

  test("without-room-for-all-that-is-wanted-is-repaired-in-one-write-by-an-intent", () => {
    const mark = { notAfter: NOW - DAY, sealed: true };
    const generations = [generation(1, "Retired", { mark }), generation(2, "Draining"), generation(3, "Active")];
    expect(actionFor({ generations, anchors: [anchor([1], { joined: false })] })).toMatchObject({
      do: "StoreRemovalIntent",
      remaining: ["root3", "root2"],
      removes: ["root1"],
    });
  });

  test("is-repaired-beside-a-strangers-certificate-which-stays", () => {
    expect(actionFor({ anchors: [anchor([9], { joined: false })] })).toEqual({
      do: "WriteAnchor",
      anchor: "prod",
      bundle: ["root9", "root1"],
      removes: [],
    });
  });

  test("with-two-strangers-has-no-room", () => {
    expect(codesFor({ anchors: [anchor([8, 9], { joined: false })] })).toEqual(
      expect.arrayContaining(["Drift", "NoRoom"]),
    );
    expect(actionFor({ anchors: [anchor([8, 9], { joined: false })] })).toBeUndefined();
  });

  test("is-read-after-a-write-before-anything-else-is-decided", () => {
    const anchors = [anchor([1, 2], { writtenAt: NOW - 5_000 })];
    expect(actionFor({ ...beforeTheSwitch, anchors })).toEqual({ do: "ReadAnchor", anchor: "prod" });
  });

  test("is-left-alone-for-a-while-after-a-failure", () => {
    const anchors = [anchor([1], { reading: undefined, failure })];
    expect(actionFor({ anchors })).toBeUndefined();
    expect(reasonsFor({ anchors })[0]).toEqual({
      code: "AnchorUnreachable",
      anchor: "prod",
      until: NOW + MINUTE,
      message:
        "The last call for trust anchor prod failed, and is tried again on 2027-06-01T00:01:00Z: ThrottlingException",
    });
  });

  test.each([
    ["Missing", "AnchorMissing"],
    ["NotABundle", "AnchorNotABundle"],
    ["Disabled", "AnchorDisabled"],
  ] as const)("that-is-%s-is-told", (state, code) => {
    expect(
      codesFor({
        anchors: [
          anchor([], {
            joined: false,
            reading: reading([], {
              state,
              bundle: state === "Disabled" ? ["root1"] : [],
              crls: state === "Disabled" ? [crl(1)] : [],
            }),
          }),
        ],
      }),
    ).toContain(code);
  });

  test("that-is-missing-is-created-when-it-is-ours-to-create", () => {
    const missing = reading([], { state: "Missing" });
    expect(actionFor({ anchors: [anchor([], { joined: false, create: true, reading: missing })] })).toEqual({
      do: "CreateAnchor",
      anchor: "prod",
      bundle: ["root1"],
    });
  });

  test("with-two-crls-gets-no-third", () => {
    const crls = [crl(8, { generation: undefined }), crl(9, { generation: undefined })];
    const anchors = [anchor([1], { joined: false, reading: reading([1], { crls }) })];
    expect(codesFor({ anchors })).toContain("NoCrlRoom");
    expect(actionFor({ anchors })).toBeUndefined();
  });

  test("that-is-ignored-is-joined-no-more", () => {
    expect(actionFor({ anchors: [anchor([1], { ignore: true })] })).toMatchObject({ do: "SetJoined", joined: false });
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
