import { describe, expect, test } from "vitest";
import type { AnchorObservation, RotationObservation } from "../../../src/rotation/observation.ts";
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
  reasonsFor,
  untrusted,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;

const active = generation(1, "Active");
const lost = (held: readonly number[], changes: Partial<AnchorObservation> = {}) =>
  anchor(held, { joined: false, ...changes });
/** What an operator is told to do by hand. */
const byHand = (changes: Changes) => reasonsFor(changes).filter(({ code }) => code.endsWith("ByHand"));
const passed = { mark: { notAfter: NOW - DAY, sealed: true } };
const write = (...bundle: string[]) => ({ do: "WriteAnchor", anchor: "prod", bundle, removes: [] });

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
