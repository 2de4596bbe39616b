import { describe, expect, test } from "vitest";
import {
  canaryHasPassed,
  everyAnchorIsJoined,
  everyJoinedAnchorHolds,
  needsCanary,
  noAnchorHolds,
  noDrift,
  readingsAreConfirmed,
  readingsAreFresh,
} from "../../../src/rotation/guards/every-anchor.ts";
import type { AnchorObservation, CanaryResult } from "../../../src/rotation/observation.ts";
import type { WaitReason } from "../../../src/rotation/reason.ts";
import { anchor, crl, failure, generation, MINUTE, NOW, reading, viewFor } from "../observation.ts";

const fine = anchor([1]);
const unread = { joined: false, reading: undefined };

type Row = [name: string, second: AnchorObservation, verdict: WaitReason | undefined];
/** The anchor beside one with which everything is in order. */
const other = (held: readonly number[], changes: Partial<AnchorObservation> = {}) =>
  anchor(held, { name: "other", ...changes });
const viewWith = (second: AnchorObservation) => viewFor({ anchors: [fine, second] });

describe("readings are fresh", () => {
  const stale = (message: string): WaitReason => ({ code: "AnchorNotRead", anchor: "other", message });
  const old = { reading: reading([1], { readAt: NOW - 10 * MINUTE }) };
  test.each<Row>([
    ["when-all-are", other([1]), undefined],
    ["for-less-than-two-periods", other([1], { reading: reading([1], { readAt: NOW - 10 * MINUTE + 1 }) }), undefined],
    ["not-for-longer", other([1], old), stale("Trust anchor other was last read on 2027-05-31T23:50:00Z")],
    [
      "not-for-longer-when-calls-fail",
      other([1], { ...old, failure }),
      stale("Trust anchor other was last read on 2027-05-31T23:50:00Z: ThrottlingException"),
    ],
    ["not-before-the-first-one", other([], unread), stale("Trust anchor other was not read yet")],
    [
      "not-before-the-first-one-when-calls-fail",
      other([], { ...unread, failure }),
      stale("Trust anchor other was not read yet: ThrottlingException"),
    ],
  ])("%s", (_name, second, verdict) => {
    expect(readingsAreFresh(viewWith(second))).toStrictEqual(verdict);
  });
});

describe("readings are confirmed", () => {
  const counted = (count: number) => other([1], { reading: reading([1], { equal: { count, since: NOW } }) });
  const once: WaitReason = {
    code: "AnchorNotRead",
    anchor: "other",
    message: "Trust anchor other was read only once since its certificates changed",
  };
  test.each<Row>([
    ["by-the-second-one", counted(2), undefined],
    ["not-by-the-first", counted(1), once],
    ["not-where-there-is-none", other([], unread), once],
  ])("%s", (_name, second, verdict) => {
    expect(readingsAreConfirmed(viewWith(second))).toStrictEqual(verdict);
  });
});

test("a certificate that nobody knows is told by its fingerprint, in whatever anchor it is", () => {
  expect(noDrift(viewWith(other([1])))).toBeUndefined();
  expect(noDrift(viewWith(other([8, 1, 9])))).toStrictEqual({
    code: "Drift",
    anchor: "other",
    message:
      "Trust anchor other holds what no generation of this authority has (SHA-256 root8, root9); nothing of it is overwritten: remove it, list it in spec.foreignRoots, or, after a restore, accept it by a Recover operation",
  });
});

describe("every anchor is joined", () => {
  const joining = (why: string): WaitReason => ({
    code: "AnchorNotJoined",
    anchor: "other",
    message: `Trust anchor other was not yet read back with all that it must hold${why}; set ignore to go on without it`,
  });
  const disabled = reading([1], { state: "Disabled" });
  test.each<Row>([
    ["when-all-are", other([1]), undefined],
    ["not-when-it-was-not-read", other([], unread), joining("")],
    ["not-when-it-lacks-something", other([], { joined: false }), joining("")],
    ["not-when-it-is-disabled", other([1], { joined: false, reading: disabled }), joining(" (it is Disabled)")],
    ["not-when-it-cannot-be-read", other([], { ...unread, failure }), joining(" (ThrottlingException)")],
    [
      "not-when-it-is-disabled-and-calls-fail",
      other([1], { joined: false, reading: disabled, failure }),
      joining(" (ThrottlingException)"),
    ],
  ])("%s", (_name, second, verdict) => {
    expect(everyAnchorIsJoined(viewWith(second))).toStrictEqual(verdict);
  });

  test("or-is-not-waited-for-when-what-signs-is-compromised", () => {
    const generations = [generation(1, "Active", { compromised: true })];
    expect(everyAnchorIsJoined(viewFor({ generations, anchors: [other([], unread)] }))).toBeUndefined();
  });
});

describe("every joined anchor holds generation 1", () => {
  const lacks = (code: "AnchorLacksRoot" | "AnchorLacksCrl", what: string): WaitReason => ({
    code,
    anchor: "other",
    generation: 1,
    message: `Trust anchor other was not yet read back with the ${what} of generation 1`,
  });
  const crls = { crls: [crl(1, { enabled: false })] };
  test.each<Row>([
    ["when-all-do", other([1]), undefined],
    ["not-without-its-root", other([2]), lacks("AnchorLacksRoot", "root")],
    ["not-without-its-crl", other([1], { reading: reading([1], crls) }), lacks("AnchorLacksCrl", "CRL")],
    ["not-before-it-was-read", other([], { reading: undefined }), lacks("AnchorLacksRoot", "root")],
    ["whatever-one-lacks-that-is-not-joined", other([2], { joined: false }), undefined],
  ])("%s", (_name, second, verdict) => {
    expect(everyJoinedAnchorHolds(viewWith(second), generation(1, "Active"))).toStrictEqual(verdict);
  });
});

describe("a canary", () => {
  const last = (changes: Partial<CanaryResult>): Pick<AnchorObservation, "canary"> => ({
    canary: {
      last: { generation: 2, passed: true, at: NOW - MINUTE, message: "AccessDenied", retryAt: NOW, ...changes },
    },
  });
  const missing = (why: string): WaitReason => ({
    code: "CanaryNotPassed",
    anchor: "other",
    generation: 2,
    message: `The canary of trust anchor other has not yet got a session with a leaf of generation 2${why}`,
  });
  const since = reading([1, 2]).equal.since;
  test.each<Row>([
    ["is-not-asked-for-where-none-is-configured", other([1, 2]), undefined],
    ["has-passed", other([1, 2], last({})), undefined],
    ["has-passed-in-the-instant-of-the-last-change", other([1, 2], last({ at: since })), undefined],
    ["has-to-pass-again-after-the-bundle-has-changed", other([1, 2], last({ at: since - 1 })), missing("")],
    ["that-failed-says-why", other([1, 2], last({ passed: false })), missing(": AccessDenied")],
    ["has-not-run-yet", other([1, 2], { canary: { last: undefined } }), missing("")],
    ["has-passed-for-another-generation-alone", other([1, 2], last({ generation: 1 })), missing("")],
    ["has-failed-for-another-generation", other([1, 2], last({ generation: 1, passed: false })), missing("")],
    ["is-not-asked-for-before-the-anchor-was-read", other([], { ...unread, ...last({ passed: false }) }), undefined],
  ])("%s", (_name, second, verdict) => {
    const view = viewWith(second);
    expect(canaryHasPassed(view, generation(2, "Published"))).toStrictEqual(verdict);
    expect(needsCanary(second, 2)).toBe(verdict !== undefined);
  });

  test("is-not-waited-for-when-what-signs-is-compromised", () => {
    const generations = [generation(1, "Active", { compromised: true }), generation(2, "Published")];
    const anchors = [other([1, 2], last({ passed: false }))];
    expect(canaryHasPassed(viewFor({ generations, anchors }), generation(2, "Published"))).toBeUndefined();
  });
});

describe("no anchor holds generation 2", () => {
  const still = (code: "AnchorStillHoldsRoot" | "AnchorStillHoldsCrl", what: string): WaitReason => ({
    code,
    anchor: "other",
    generation: 2,
    message: `Trust anchor other still holds the ${what} of generation 2`,
  });
  const crls = [crl(1), crl(2, { enabled: false })];
  test.each<Row>([
    ["when-none-does", other([1]), undefined],
    ["as-far-as-is-known-of-one-that-was-not-read", other([], unread), undefined],
    ["not-while-one-holds-both", other([1, 2]), still("AnchorStillHoldsRoot", "root")],
    [
      "not-while-one-holds-its-root",
      other([1, 2], { reading: reading([1, 2], { crls: [] }) }),
      still("AnchorStillHoldsRoot", "root"),
    ],
    [
      "not-while-one-holds-its-crl-enabled-or-not",
      other([1], { reading: reading([1], { crls }) }),
      still("AnchorStillHoldsCrl", "CRL"),
    ],
  ])("%s", (_name, second, verdict) => {
    expect(noAnchorHolds(viewWith(second), generation(2, "Retired"))).toStrictEqual(verdict);
  });

  test("when-the-last-anchor-of-several-holds-it-it-is-told", () => {
    const view = viewFor({ anchors: [fine, other([1]), anchor([2], { name: "third" })] });
    expect(noAnchorHolds(view, generation(2, "Retired"))?.anchor).toBe("third");
  });
});
