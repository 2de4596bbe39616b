import { describe, expect, test } from "vitest";
import {
  drainIsOver,
  foreignDrainIsOver,
  pauseAfterAbandonIsOver,
  retentionIsOver,
  rotationIsDue,
  soakIsOver,
  timeIsTrusted,
} from "../../../src/rotation/guards/time.ts";
import type { GenerationObservation, RotationObservation } from "../../../src/rotation/observation.ts";
import type { WaitReason } from "../../../src/rotation/reason.ts";
import {
  anchor,
  beforeTheSwitch,
  DAY,
  generation,
  HOUR,
  MINUTE,
  NOW,
  reading,
  rootOf,
  rotate,
  untrusted,
  viewFor,
} from "../observation.ts";

type Changes = Partial<RotationObservation>;

describe("time", () => {
  test("that-is-trusted-holds-nothing-up", () => {
    expect(timeIsTrusted(viewFor())).toBeUndefined();
  });

  test("that-clocks-do-not-agree-on-has-no-end-that-is-known", () => {
    expect(timeIsTrusted(viewFor({ time: untrusted }))).toStrictEqual({
      code: "TimeUntrusted",
      message:
        "No generation changes its phase, since the clocks are more than five minutes apart: the publisher's clock says 2027-06-01T00:00:00Z, the API server says 2027-06-02T00:00:00Z, AWS says 2027-06-01T00:00:00Z; correct the one that is wrong",
    });
  });

  test("that-went-back-is-trusted-again-when-it-has-come-near-what-was-reached", () => {
    const time = { own: NOW, apiServer: NOW, aws: undefined, highWater: NOW + HOUR };
    expect(timeIsTrusted(viewFor({ time }))).toStrictEqual({
      code: "TimeUntrusted",
      until: NOW + 55 * MINUTE,
      message:
        "No generation changes its phase, since the time went back: the publisher's clock says 2027-06-01T00:00:00Z, the API server says 2027-06-01T00:00:00Z, and 2027-06-01T01:00:00Z was reached before",
    });
  });

  test("that-only-the-publisher-knows-is-not-known", () => {
    const time = { own: NOW, apiServer: undefined, aws: undefined, highWater: NOW };
    expect(timeIsTrusted(viewFor({ time }))).toStrictEqual({
      code: "TimeUntrusted",
      message:
        "No generation changes its phase, since the time is not known: the publisher's clock says 2027-06-01T00:00:00Z, and neither the API server nor AWS has answered",
    });
  });
});

describe("a rotation is due", () => {
  const notDue: WaitReason = {
    code: "RotationNotDue",
    generation: 1,
    until: NOW + 235 * DAY,
    message: "Generation 1 signs until 2028-02-21T00:00:00Z; the next one is begun on 2028-01-22T00:00:00Z",
  };
  const root = { ...rootOf(1), notAfter: NOW - 10 * MINUTE };
  test.each<[string, Changes, WaitReason | undefined]>([
    ["not-while-a-generation-signs-for-long", {}, notDue],
    ["not-by-an-order-of-another-kind", { operations: [{ name: "f", kind: "Freeze" }] }, notDue],
    ["by-order", { operations: [{ name: "f", kind: "Freeze" }, rotate] }, undefined],
    ["where-there-is-no-generation", { generations: [] }, undefined],
    ["when-none-is-active", { generations: [generation(1, "Draining")] }, undefined],
    [
      "when-the-active-one-is-sealed",
      { generations: [generation(1, "Active", { mark: { notAfter: NOW, sealed: true } })] },
      undefined,
    ],
    ["when-the-active-one-has-expired", { generations: [generation(1, "Active", { root })] }, undefined],
    [
      "when-the-active-one-is-compromised",
      { generations: [generation(1, "Active", { compromised: true })] },
      undefined,
    ],
  ])("%s", (_name, changes, verdict) => {
    expect(rotationIsDue(viewFor(changes))).toStrictEqual(verdict);
  });
});

describe("after a generation was given up the next one waits", () => {
  const abandoned = (number: number, phaseSince: number) => generation(number, "Abandoned", { phaseSince });
  const paused = (number: number, until: number, on: string): WaitReason => ({
    code: "PausedAfterAbandon",
    generation: number,
    until,
    message: `Generation ${number} was abandoned; the next one is begun on ${on}, or by a Rotate operation`,
  });
  const active = generation(1, "Active");
  const three = [active, abandoned(2, NOW - 2 * DAY), abandoned(3, NOW - DAY), abandoned(4, NOW - 9 * DAY)];
  const until = "2027-06-03T00:00:00Z";
  test.each<[string, Changes, WaitReason | undefined]>([
    ["counted-from-the-last-one", { generations: three }, paused(3, NOW + 2 * DAY, until)],
    [
      "counted-from-the-last-one-in-whatever-order",
      { generations: three.toReversed() },
      paused(3, NOW + 2 * DAY, until),
    ],
    [
      "until-a-millisecond-before-the-end",
      { generations: [active, abandoned(2, NOW - 3 * DAY + 1)] },
      paused(2, NOW + 1, "2027-06-01T00:00:00Z"),
    ],
    ["until-three-days-have-passed", { generations: [active, abandoned(2, NOW - 3 * DAY)] }, undefined],
    [
      "though-an-operation-of-another-kind-waits",
      { generations: three, operations: [{ name: "f", kind: "Freeze" }] },
      paused(3, NOW + 2 * DAY, until),
    ],
    ["unless-ordered", { generations: three, operations: [rotate] }, undefined],
    ["unless-nobody-signs", { generations: [abandoned(2, NOW - DAY)] }, undefined],
    [
      "unless-what-signs-is-compromised",
      { generations: [generation(1, "Active", { compromised: true }), abandoned(2, NOW - DAY)] },
      undefined,
    ],
    ["but-not-where-none-was", { generations: [active] }, undefined],
  ])("%s", (_name, changes, verdict) => {
    expect(pauseAfterAbandonIsOver(viewFor(changes))).toStrictEqual(verdict);
  });
});

describe("the soak", () => {
  const two = (phaseSince: number) => generation(2, "Published", { phaseSince });
  const seen = (equal: { count: number; since: number }, doubtfulWriteAt?: number) => ({
    anchors: [anchor([1, 2], { reading: reading([1, 2], { equal }), doubtfulWriteAt })],
  });
  const soaking = (until: number, on: string, since: string): WaitReason => ({
    code: "Soaking",
    generation: 2,
    until,
    message: `Generation 2 is watched until ${on}, counted from ${since}`,
  });
  const changed = "when trust anchor prod was last seen to change";
  test.each<[string, Changes, GenerationObservation, WaitReason | undefined]>([
    ["is-over-fifteen-minutes-after-the-publication", {}, two(NOW - 15 * MINUTE), undefined],
    [
      "is-not-over-before",
      {},
      two(NOW - 15 * MINUTE + 1_000),
      soaking(NOW + 1_000, "2027-06-01T00:00:01Z", "its publication"),
    ],
    [
      "is-over-fifteen-minutes-after-the-last-change",
      seen({ count: 3, since: NOW - 15 * MINUTE }),
      two(NOW - HOUR),
      undefined,
    ],
    [
      "is-not-over-before-that-either",
      seen({ count: 3, since: NOW - 14 * MINUTE }),
      two(NOW - HOUR),
      { ...soaking(NOW + MINUTE, "2027-06-01T00:01:00Z", changed), anchor: "prod" },
    ],
    [
      "is-over-fifteen-minutes-after-a-doubtful-write",
      seen({ count: 3, since: NOW - HOUR }, NOW - 15 * MINUTE),
      two(NOW - HOUR),
      undefined,
    ],
    [
      "is-counted-from-a-doubtful-write-after-the-last-change",
      seen({ count: 3, since: NOW - HOUR }, NOW - 5 * MINUTE),
      two(NOW - HOUR),
      { ...soaking(NOW + 10 * MINUTE, "2027-06-01T00:10:00Z", changed), anchor: "prod" },
    ],
    [
      "is-counted-from-the-last-change-after-a-doubtful-write",
      seen({ count: 3, since: NOW - 5 * MINUTE }, NOW - HOUR),
      two(NOW - HOUR),
      { ...soaking(NOW + 10 * MINUTE, "2027-06-01T00:10:00Z", changed), anchor: "prod" },
    ],
    [
      "waits-for-the-third-equal-reading-whose-date-nobody-knows",
      seen({ count: 2, since: NOW - HOUR }),
      two(NOW - HOUR),
      {
        code: "Soaking",
        generation: 2,
        anchor: "prod",
        message: "Generation 2 waits until trust anchor prod was read back equal 3 times in a row, so far 2",
      },
    ],
    [
      "is-not-over-while-an-anchor-was-not-read",
      { anchors: [anchor([], { reading: undefined })] },
      two(NOW - HOUR),
      { code: "AnchorNotRead", anchor: "prod", message: "Trust anchor prod was not read yet" },
    ],
    ["is-over-without-anchors-by-the-publication-alone", { anchors: [] }, two(NOW - HOUR), undefined],
    ["is-not-waited-for-where-nobody-signs", { generations: [two(NOW)] }, two(NOW), undefined],
    [
      "is-not-waited-for-when-what-signs-is-compromised",
      { generations: [generation(1, "Active", { compromised: true }), two(NOW)] },
      two(NOW),
      undefined,
    ],
  ])("%s", (_name, changes, generation, verdict) => {
    expect(soakIsOver(viewFor({ ...beforeTheSwitch, ...changes }), generation)).toStrictEqual(verdict);
  });
});

describe("the drain", () => {
  const draining = (changes: Partial<GenerationObservation> = {}) =>
    generation(1, "Draining", { mark: { notAfter: NOW, sealed: true }, ...changes });
  const until = (end: number, mark: string, on: string): WaitReason => ({
    code: "Draining",
    generation: 1,
    until: end,
    message: `Leaves of generation 1 may be valid until ${mark}; its root stays until ${on}`,
  });
  const root = { ...rootOf(1), notBefore: NOW - 5 * MINUTE };
  const inEmergency: Changes = { generations: [generation(2, "Active", { compromised: true })] };
  const ten = until(NOW + 10 * MINUTE, "2027-06-01T00:00:00Z", "2027-06-01T00:10:00Z");
  const never = { mark: { notAfter: root.notBefore, sealed: true }, root };
  test.each<[string, Changes, GenerationObservation, WaitReason | undefined]>([
    ["lasts-for-ten-minutes-after-the-mark", {}, draining(), ten],
    [
      "lasts-for-ten-minutes-and-no-longer",
      {},
      draining({ mark: { notAfter: NOW - 10 * MINUTE, sealed: true } }),
      undefined,
    ],
    [
      "does-not-begin-before-the-seal",
      {},
      draining({ mark: { notAfter: NOW - DAY, sealed: false } }),
      { code: "MarkNotSealed", generation: 1, message: "Generation 1 can still sign: its mark is not sealed" },
    ],
    [
      "cannot-be-known-without-a-mark",
      {},
      draining({ mark: undefined }),
      {
        code: "MarkMissing",
        generation: 1,
        message: "The mark of generation 1 is missing, so that nobody knows how long its leaves are valid",
      },
    ],
    ["is-not-waited-for-when-the-key-is-stolen", {}, draining({ compromised: true }), undefined],
    ["ends-with-the-root", {}, draining({ root: { ...rootOf(1), notAfter: NOW - 10 * MINUTE } }), undefined],
    ["of-what-never-signed-is-over", {}, draining(never), undefined],
    [
      "of-what-signed-once-is-not",
      {},
      draining({ ...never, mark: { notAfter: root.notBefore + 1, sealed: true } }),
      until(NOW + 5 * MINUTE + 1, "2027-05-31T23:55:00Z", "2027-06-01T00:05:00Z"),
    ],
    [
      "of-what-is-given-up-in-an-emergency-is-over",
      inEmergency,
      generation(1, "Published", { abandoning: true }),
      undefined,
    ],
    ["of-what-drains-anyway-goes-on-in-an-emergency", inEmergency, draining(), ten],
    ["of-what-is-given-up-otherwise-goes-on", {}, draining({ abandoning: true }), ten],
    [
      "lasts-for-the-longest-leaf-where-nobody-reads-anchors-back",
      { anchors: [] },
      draining({ phaseSince: NOW - DAY }),
      until(NOW + 6 * DAY, "2027-06-01T00:00:00Z", "2027-06-07T00:00:00Z"),
    ],
    [
      "of-what-was-only-introduced-is-over-where-there-are-no-anchors",
      { anchors: [] },
      { ...draining(never), phase: "Pending" },
      undefined,
    ],
    ["of-what-was-only-introduced-lasts-as-its-mark-says", { anchors: [] }, { ...draining(), phase: "Published" }, ten],
  ])("%s", (_name, changes, generation, verdict) => {
    expect(drainIsOver(viewFor(changes), generation)).toStrictEqual(verdict);
  });
});

test("a foreign root stays until ten minutes after its date", () => {
  const foreign = { fingerprint: "root9", drainUntil: NOW - 9 * MINUTE };
  expect(foreignDrainIsOver(viewFor(), foreign)).toStrictEqual({
    code: "ForeignRootDraining",
    until: NOW + MINUTE,
    message: "The foreign root with SHA-256 root9 stays until 2027-06-01T00:01:00Z",
  });
  expect(foreignDrainIsOver(viewFor(), { ...foreign, drainUntil: NOW - 10 * MINUTE })).toBeUndefined();
});

test("the key of a generation that is done is kept for a week", () => {
  const retired = (phaseSince: number) => generation(1, "Retired", { phaseSince });
  expect(retentionIsOver(viewFor(), retired(NOW - 6 * DAY))).toStrictEqual({
    code: "Retained",
    generation: 1,
    until: NOW + DAY,
    message: "The key of generation 1 is kept until 2027-06-02T00:00:00Z",
  });
  expect(retentionIsOver(viewFor(), retired(NOW - 7 * DAY))).toBeUndefined();
});
