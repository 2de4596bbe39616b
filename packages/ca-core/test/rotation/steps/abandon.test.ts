import { describe, expect, test } from "vitest";
import type { GenerationObservation, Operation, RotationObservation } from "../../../src/rotation/observation.ts";
import type { WaitCode } from "../../../src/rotation/reason.ts";
import { beginAbandon } from "../../../src/rotation/steps/generations.ts";
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
  rootOf,
  untrusted,
  viewFor,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;

const active = generation(1, "Active");
const sealed = generation(1, "Active", { mark: { notAfter: NOW + DAY, sealed: true } });
const canary = (passed: boolean) => ({
  canary: { last: { generation: 2, passed, at: NOW, message: "AccessDenied", retryAt: NOW + HOUR } },
});
/** Three days after it was made. */
const late = (phase: "Pending" | "Published", changes: Partial<GenerationObservation> = {}) =>
  generation(2, phase, { root: { ...rootOf(2), notBefore: NOW - 3 * DAY }, phaseSince: NOW, ...changes });
const deadline = "its deadline was 2027-06-01T00:00:00Z: ";
const abandon: Operation = { name: "abandon-1", kind: "Abandon" };
const done = { do: "FinishOperation", outcome: "Done" } as const;
const refused = { do: "FinishOperation", outcome: "Refused" } as const;

describe("a new generation whose canary fails after its deadline", () => {
  const endingIn = (ms: number) => generation(1, "Active", { root: { ...rootOf(1), notAfter: NOW + ms } });
  const changes = (first: GenerationObservation): Changes => ({
    generations: [first, late("Published")],
    anchors: [anchor([1, 2], canary(false))],
  });

  test("is-given-up-as-long-as-there-is-time-for-another", () => {
    expect(actionFor(changes(endingIn(3 * DAY + 1)))).toMatchObject({ do: "BeginAbandon", generation: 2 });
  });

  test("is-kept-when-the-active-root-ends-before-another-could-take-over", () => {
    expect(actionFor(changes(endingIn(3 * DAY)))).toMatchObject({ do: "RunCanary", generation: 2 });
  });
});

describe("a new generation is given up after its deadline", () => {
  test.each<[string, Changes, string]>([
    [
      "when-its-key-is-lost",
      { generations: [active, late("Published", { hasKey: false })], anchors: [anchor([1, 2])] },
      "The key Secret of generation 2 is missing; restore it from a backup",
    ],
    [
      "when-an-anchor-is-not-joined",
      { generations: [active, late("Pending")], anchors: [anchor([1], { joined: false, failure })] },
      "Trust anchor prod was not yet read back with all that it must hold (ThrottlingException); set ignore to go on without it",
    ],
    [
      "when-an-anchor-lacks-its-crl",
      {
        generations: [active, late("Pending")],
        anchors: [anchor([1, 2], { failure, reading: reading([1, 2], { crls: [crl(1)] }) })],
      },
      "Trust anchor prod was not yet read back with the CRL of generation 2",
    ],
    [
      "when-its-canary-has-not-passed",
      { generations: [active, late("Published")], anchors: [anchor([1, 2], canary(false))] },
      "The canary of trust anchor prod has not yet got a session with a leaf of generation 2: AccessDenied",
    ],
    [
      "when-its-mark-was-sealed",
      {
        generations: [active, late("Published", { mark: { notAfter: NOW, sealed: true } })],
        anchors: [anchor([1, 2])],
      },
      "The mark of generation 2 is sealed: it signs no more, and only a further generation can follow it",
    ],
  ])("%s", (_name, changes, because) => {
    expect(actionFor(changes)).toStrictEqual({
      do: "BeginAbandon",
      generation: 2,
      recordedIn: 1,
      because: `${deadline}${because}`,
      at: NOW,
    });
  });

  test("not-a-millisecond-before", () => {
    const root = { ...rootOf(2), notBefore: NOW - 3 * DAY + 1 };
    const generations = [active, late("Pending", { root })];
    expect(actionFor({ generations, anchors: [anchor([1], { failure })] })).toBeUndefined();
  });

  test("not-when-nothing-fails-and-it-only-soaks", () => {
    const world = { generations: [active, late("Published")], anchors: [anchor([1, 2], canary(true))] };
    expect(actionFor(world)).toBeUndefined();
    expect(codesFor(world)).toEqual(["Soaking", "RotationNotDue"]);
  });

  test("not-before-status-knows-it", () => {
    const generations = [active, late("Pending", { recorded: false, hasKey: false })];
    expect(actionFor({ generations })).toMatchObject({ do: "SetPhases", changes: [{ generation: 2 }] });
  });

  test.each([
    ["nobody-else-signs", [late("Pending")]],
    ["what-signs-is-compromised", [generation(1, "Active", { compromised: true }), late("Pending")]],
    ["what-signed-is-sealed", [sealed, late("Pending")]],
  ])("not-where-%s", (_name, generations) => {
    const anchors = [anchor([1], { failure }), anchor([1], { name: "new", joined: false, failure })];
    expect(actionFor({ generations, anchors })?.do).not.toBe("BeginAbandon");
  });

  test.each([
    ["nobody-else-signs", [late("Published", { hasKey: false })], undefined],
    [
      "what-signs-is-compromised",
      [generation(1, "Active", { compromised: true }), late("Published", { hasKey: false })],
      1,
    ],
    ["what-signed-is-sealed", [sealed, late("Published", { hasKey: false })], undefined],
  ])("where-%s-when-its-key-is-lost", (_name, generations, recordedIn) => {
    const anchors = [anchor([], { joined: false, failure })];
    expect(actionFor({ generations, anchors })).toMatchObject({ do: "BeginAbandon", generation: 2, recordedIn });
  });
});

describe("what is of no use is given up at once", () => {
  const expired = generation(2, "Pending", { root: { ...rootOf(2), notAfter: NOW - DAY } });
  const given = (because: string, recordedIn: number | undefined) => ({
    do: "BeginAbandon",
    generation: 2,
    recordedIn,
    because,
    at: NOW,
  });
  test.each<[string, readonly GenerationObservation[], object]>([
    ["when-its-root-has-expired", [active, expired], given("its root has expired", 1)],
    ["when-its-root-has-expired-and-nobody-signs", [expired], given("its root has expired", undefined)],
    [
      "when-it-is-compromised-after-the-switch",
      [sealed, generation(2, "Published", { compromised: true })],
      given("it is compromised", undefined),
    ],
  ])("%s", (_name, generations, action) => {
    expect(actionFor({ generations, anchors: [anchor([1])] })).toStrictEqual(action);
  });

  test.each<[string, Changes, WaitCode]>([
    ["by-clocks-that-differ", { time: { ...untrusted, highWater: NOW } }, "TimeUntrusted"],
    [
      "by-a-state-from-a-backup",
      { anchors: [anchor([1], { reading: reading([1], { crls: [crl(1, { number: 11n })] }) })] },
      "StateBehind",
    ],
    ["for-an-authority-that-is-going", { deleting: true }, "BeingDeleted"],
  ])("not-%s", (_name, changes, code) => {
    const world = { generations: [active, expired], ...changes };
    expect(actionFor(world)?.do).not.toBe("BeginAbandon");
    expect(codesFor(world)).toContain(code);
  });

  test("and-not-again-when-it-has-begun", () => {
    const generations = [active, { ...expired, abandoning: true }];
    expect(actionFor({ generations })?.do).toBe("SealMark");
  });

  test("and-a-useful-one-is-not-given-up-after-the-seal-whoever-asks", () => {
    const useful = generation(2, "Published");
    const { unless } = beginAbandon(viewFor({ generations: [sealed, useful] }), useful, "somebody asks");
    expect(unless.find((reason) => reason !== undefined)).toMatchObject({ code: "MarkSealed", generation: 1 });
  });
});

describe("what was given up is Abandoned", () => {
  const { notBefore } = rootOf(2);
  const given = generation(2, "Published", { abandoning: true, mark: { notAfter: notBefore, sealed: true } });
  const abandoned = { do: "SetPhases", changes: [{ generation: 2, phase: "Abandoned" }], at: NOW };
  const theirs = { manage: false };

  test("when-no-anchor-holds-it", () => {
    expect(actionFor({ generations: [active, given] })).toStrictEqual(abandoned);
    const world = { generations: [active, given], anchors: [anchor([1, 2], theirs)] };
    expect(actionFor(world)).toBeUndefined();
    expect(codesFor(world)).toEqual(expect.arrayContaining(["RemoveRootByHand", "AnchorStillHoldsRoot"]));
  });

  test.each([
    ["where-nobody-signs", [given], [2]],
    ["where-what-signs-is-compromised", [generation(1, "Active", { compromised: true }), given], [1, 2]],
    ["where-what-signed-drains-and-the-root-of-the-next-must-come", [generation(1, "Draining"), given], [1, 2]],
  ])("%s-though-an-anchor-holds-it", (_name, generations, held) => {
    expect(actionFor({ generations, anchors: [anchor(held, theirs)] })).toStrictEqual(abandoned);
  });

  test.each<[string, Changes, WaitCode]>([
    ["by-clocks-that-differ", { time: untrusted }, "TimeUntrusted"],
    [
      "by-a-state-from-a-backup",
      { anchors: [anchor([1], { reading: reading([1], { crls: [crl(1, { number: 11n })] }) })] },
      "StateBehind",
    ],
    [
      "while-a-leaf-of-it-may-be-valid",
      { generations: [active, { ...given, mark: { notAfter: NOW, sealed: true } }] },
      "Draining",
    ],
  ])("not-%s", (_name, changes, code) => {
    const world = { generations: [active, given], ...changes };
    expect(actionFor(world)?.do).not.toBe("SetPhases");
    expect(codesFor(world)).toContain(code);
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
