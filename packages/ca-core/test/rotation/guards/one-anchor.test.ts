import { describe, expect, test } from "vitest";
import {
  hasCrlRoom,
  hasRoom,
  intentIsStored,
  isAhead,
  isBundle,
  isManaged,
  isReachable,
  ownLeafStays,
  remainderIsComplete,
  rootIsGone,
  strangersAreGone,
  successorRemains,
} from "../../../src/rotation/guards/one-anchor.ts";
import type { AnchorObservation, RotationObservation } from "../../../src/rotation/observation.ts";
import type { WaitReason } from "../../../src/rotation/reason.ts";
import { anchor, crl, DAY, failure, generation, MINUTE, NOW, reading, rootOf, viewFor } from "../observation.ts";

type Changes = Partial<RotationObservation>;

test("an anchor that is not managed is a task for its owner", () => {
  const task = { code: "AddRootByHand", order: "add the root of generation 2", generation: 2 } as const;
  const unmanaged = anchor([1], { manage: false });
  expect(isManaged(viewFor(), anchor([1]), task)).toBeUndefined();
  expect(isManaged(viewFor(), unmanaged, task)).toStrictEqual({
    code: "AddRootByHand",
    anchor: "prod",
    generation: 2,
    message: "Trust anchor prod is not managed: add the root of generation 2 by hand",
  });
  expect(isManaged(viewFor(), unmanaged, { code: "CreateAnchorByHand", order: "create it" })).toStrictEqual({
    code: "CreateAnchorByHand",
    anchor: "prod",
    message: "Trust anchor prod is not managed: create it by hand",
  });
});

describe("an anchor is left alone after a failure", () => {
  test.each([
    ["until-the-retry", NOW + 1, true],
    ["for-ten-minutes-at-most", NOW + 10 * MINUTE, true],
    ["and-no-longer-since-another-clock-planned-that", NOW + 10 * MINUTE + 1, false],
    ["and-no-more-when-its-time-has-come", NOW, false],
  ])("%s", (_name, retryAt, waits) => {
    expect(isAhead(viewFor(), retryAt)).toBe(waits);
    expect(isReachable(viewFor(), anchor([1], { failure: { ...failure, retryAt } })) !== undefined).toBe(waits);
  });

  test("and-called-when-the-last-call-succeeded", () => {
    expect(isReachable(viewFor(), anchor([1]))).toBeUndefined();
  });

  test("by-the-clock-that-planned-the-retry", () => {
    const time = { own: NOW + 2 * MINUTE, apiServer: NOW, aws: NOW, highWater: NOW };
    expect(isReachable(viewFor({ time }), anchor([1], { failure }))).toBeUndefined();
  });
});

describe("an anchor is a bundle", () => {
  const inState = (state: "Present" | "Disabled" | "Missing" | "NotABundle") =>
    anchor([1], { reading: reading([1], { state }) });
  test.each<[string, AnchorObservation, WaitReason | undefined]>([
    ["when-it-is-there", inState("Present"), undefined],
    ["when-it-is-disabled", inState("Disabled"), undefined],
    [
      "not-before-it-was-read",
      anchor([], { reading: undefined }),
      { code: "AnchorNotRead", anchor: "prod", message: "Trust anchor prod was not read yet" },
    ],
    [
      "not-when-it-is-missing",
      inState("Missing"),
      {
        code: "AnchorMissing",
        anchor: "prod",
        message: "Trust anchor prod does not exist; give the arn of another, or set ignore to go on without it",
      },
    ],
    [
      "not-when-it-is-of-another-type",
      inState("NotABundle"),
      { code: "AnchorNotABundle", anchor: "prod", message: "Trust anchor prod is not of type CERTIFICATE_BUNDLE" },
    ],
  ])("%s", (_name, one, verdict) => {
    expect(isBundle(viewFor(), one)).toStrictEqual(verdict);
  });
});

test("an anchor takes two certificates", () => {
  const toAdd = [generation(2, "Active"), generation(3, "Pending")];
  expect(hasRoom(viewFor(), anchor([1]), { bundle: ["root1", "root2"], toAdd })).toBeUndefined();
  expect(hasRoom(viewFor(), anchor([1]), { bundle: ["root1", "root2", "root3"], toAdd })).toStrictEqual({
    code: "NoRoom",
    anchor: "prod",
    message: "Trust anchor prod holds 1 certificates and has no room for the root of generation 2 and 3",
  });
});

describe("an anchor takes two CRLs", () => {
  const holding = (...crls: ReturnType<typeof crl>[]) => anchor([1], { reading: reading([1], { crls }) });
  test.each<[string, AnchorObservation, WaitReason | undefined]>([
    ["where-it-has-none", holding(), undefined],
    ["where-it-has-one", holding(crl(8)), undefined],
    ["where-it-was-not-read", anchor([], { reading: undefined }), undefined],
    ["where-one-of-two-is-replaced", holding(crl(8), crl(1)), undefined],
    [
      "not-beside-two-others",
      holding(crl(8), crl(9, { generation: undefined })),
      {
        code: "NoCrlRoom",
        anchor: "prod",
        generation: 1,
        message:
          "Trust anchor prod has 2 CRLs (crl8 of generation 8, crl9) and no room for that of generation 1; delete what is not ours: crl9",
      },
    ],
    [
      "not-beside-two-that-are-ours-and-go-by-themselves",
      holding(crl(8), crl(8, { id: "second" })),
      {
        code: "NoCrlRoom",
        anchor: "prod",
        generation: 1,
        message:
          "Trust anchor prod has 2 CRLs (crl8 of generation 8, second of generation 8) and no room for that of generation 1",
      },
    ],
  ])("%s", (_name, one, verdict) => {
    expect(hasCrlRoom(viewFor(), one, generation(1, "Active"))).toStrictEqual(verdict);
  });
});

describe("a removal leaves what is wanted", () => {
  const nothing: WaitReason = {
    code: "NothingWouldRemain",
    anchor: "prod",
    message: "Nothing is removed from trust anchor prod before it can hold a root that takes its place",
  };
  const both = { generations: [generation(1, "Draining"), generation(2, "Active")] };
  test.each<[string, Changes, readonly string[], WaitReason | undefined]>([
    ["when-all-of-it-stays", both, ["root1", "root2"], undefined],
    ["not-when-one-of-two-goes", both, ["root2"], nothing],
    ["not-when-nothing-stays", both, [], nothing],
    ["nor-when-nothing-stays-of-which-nothing-is-wanted", { generations: [] }, [], nothing],
    ["when-something-stays-of-which-nothing-is-wanted", { generations: [] }, ["root9"], undefined],
  ])("%s", (_name, changes, remaining, verdict) => {
    expect(remainderIsComplete(viewFor(changes), anchor([1, 2]), remaining)).toStrictEqual(verdict);
  });
});

describe("a compromised root goes", () => {
  const stays: WaitReason = {
    code: "NothingWouldRemain",
    anchor: "prod",
    message:
      "The compromised root of generation 1 stays in trust anchor prod until the next generation's takes its place",
  };
  const compromised = generation(1, "Active", { compromised: true });
  const next = generation(2, "Pending");
  test.each<[string, Changes, readonly string[], WaitReason | undefined]>([
    ["when-the-next-one-remains", { generations: [compromised, next] }, ["root2"], undefined],
    ["not-when-it-does-not", { generations: [compromised, next] }, ["root9"], stays],
    ["not-when-there-is-none", { generations: [compromised] }, ["root9"], stays],
    ["when-the-one-that-signs-is-clean", { generations: [generation(1, "Active"), next] }, ["root9"], undefined],
    ["when-none-signs", { generations: [next] }, ["root9"], undefined],
  ])("%s", (_name, changes, remaining, verdict) => {
    expect(successorRemains(viewFor(changes), anchor([1]), remaining)).toStrictEqual(verdict);
  });
});

describe("the root of our own leaf stays", () => {
  const own = (number: number, held = [1, 2]) => anchor(held, { ownLeaf: { generation: number } });
  const stays: WaitReason = {
    code: "OwnLeafWouldBeRefused",
    anchor: "prod",
    generation: 1,
    message:
      "The root of generation 1 stays in trust anchor prod until the publisher's own credentials come from a leaf of another one that stays",
  };
  const expired = { generations: [generation(1, "Draining", { root: { ...rootOf(1), notAfter: NOW - DAY } })] };
  test.each<[string, Changes, AnchorObservation, WaitReason | undefined]>([
    ["when-it-would-go", {}, own(1), stays],
    ["unless-another-one-goes", {}, own(2), undefined],
    ["unless-we-have-none", {}, anchor([1, 2]), undefined],
    ["unless-it-is-of-a-generation-that-we-do-not-know", {}, own(7), undefined],
    ["unless-it-is-gone-already", {}, own(1, [2]), undefined],
    ["unless-it-has-expired", expired, own(1), undefined],
  ])("%s", (_name, changes, one, verdict) => {
    const generations = [generation(1, "Draining"), generation(2, "Active")];
    expect(ownLeafStays(viewFor({ generations, ...changes }), one, ["root2"])).toStrictEqual(verdict);
  });
});

describe("an intent is stored", () => {
  const intent = { anchor: "prod", remaining: ["root2", "root3"], expiresAt: NOW + 1 };
  const none: WaitReason = {
    code: "IntentNotStored",
    anchor: "prod",
    message: "No unexpired intent says that trust anchor prod is to hold exactly root3, root2",
  };
  test.each<[string, Changes, WaitReason | undefined]>([
    ["that-says-so-in-whatever-order", { intent }, undefined],
    ["not-when-there-is-none", { intent: undefined }, none],
    ["not-for-another-anchor", { intent: { ...intent, anchor: "other" } }, none],
    ["not-with-a-root-more", { intent: { ...intent, remaining: ["root1", "root2", "root3"] } }, none],
    ["not-when-it-has-expired", { intent: { ...intent, expiresAt: NOW } }, none],
  ])("%s", (_name, changes, verdict) => {
    expect(intentIsStored(viewFor(changes), anchor([1, 2]), ["root3", "root2"])).toStrictEqual(verdict);
  });
});

test("a CRL stays as long as its root does", () => {
  expect(rootIsGone(viewFor(), anchor([2]), generation(1, "Retired"))).toBeUndefined();
  expect(rootIsGone(viewFor(), anchor([1, 2]), generation(1, "Retired"))).toStrictEqual({
    code: "AnchorStillHoldsRoot",
    anchor: "prod",
    generation: 1,
    message: "The CRL of generation 1 stays in trust anchor prod as long as the root does",
  });
});

test("the CRL of an unknown generation stays as long as a stranger's root does", () => {
  expect(strangersAreGone(viewFor(), anchor([1]))).toBeUndefined();
  expect(strangersAreGone(viewFor(), anchor([1, 9]))).toStrictEqual({
    code: "AnchorStillHoldsRoot",
    anchor: "prod",
    message: "The CRLs of unknown generations stay in trust anchor prod as long as the root with SHA-256 root9 does",
  });
});

describe("an anchor that has not answered a call", () => {
  const at = "2027-06-01T00:00:00Z";

  test.each<[string, Partial<AnchorObservation>, WaitReason["code"], string]>([
    ["is-left-alone", {}, "AnchorUnreachable", `Trust anchor prod has not answered a call since ${at}`],
    [
      "though-its-next-try-would-be-due",
      { failure: { ...failure, retryAt: NOW - MINUTE } },
      "AnchorUnreachable",
      `Trust anchor prod has not answered a call since ${at}; the one before failed: ThrottlingException`,
    ],
    [
      "and-keeps-the-reason-that-an-operator-has-to-look-at",
      { failure: { ...failure, isOfWrongAccount: true } },
      "WrongAccount",
      `Trust anchor prod has not answered a call since ${at}; the one before failed: ThrottlingException`,
    ],
  ])("%s", (_name, changes, code, message) => {
    const waiting = anchor([1], { underWaySince: NOW, ...changes });
    expect(isReachable(viewFor(), waiting)).toStrictEqual({ code, anchor: "prod", message });
  });

  test("a-failure-by-another-accounts-keys-says-so", () => {
    const failed = anchor([1], { failure: { ...failure, isOfWrongAccount: true } });
    expect(isReachable(viewFor(), failed)).toMatchObject({ code: "WrongAccount", until: failure.retryAt });
  });
});
