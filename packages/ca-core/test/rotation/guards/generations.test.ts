import { describe, expect, test } from "vitest";
import {
  isNotDeleting,
  keyIsPresent,
  markIsOpen,
  markOnlyRises,
  noneIsInProgress,
  rootIsValid,
  stateIsCurrent,
} from "../../../src/rotation/guards/generations.ts";
import type { RotationObservation } from "../../../src/rotation/observation.ts";
import type { WaitReason } from "../../../src/rotation/reason.ts";
import { isExpired, isSealed } from "../../../src/rotation/view.ts";
import { anchor, crl, DAY, generation, HOUR, MINUTE, NOW, reading, rootOf, viewFor } from "../observation.ts";

type Changes = Partial<RotationObservation>;

describe("another generation is begun only when none comes or goes", () => {
  const active = generation(1, "Active");
  const inProgress = (number: number, what: string): WaitReason => ({
    code: "GenerationInProgress",
    generation: number,
    message: `No generation is begun while generation ${number} is ${what}`,
  });
  const expired = { root: { ...rootOf(2), notAfter: NOW - HOUR } };
  const foreignRoots = [
    { fingerprint: "root8", drainUntil: NOW },
    { fingerprint: "root9", drainUntil: NOW + DAY },
  ];
  test.each<[string, Changes, WaitReason | undefined]>([
    ["as-now", {}, undefined],
    [
      "not-while-one-is-introduced",
      { generations: [active, generation(2, "Pending")] },
      inProgress(2, "being introduced"),
    ],
    [
      "not-while-one-is-given-up",
      { generations: [active, generation(2, "Published", { abandoning: true })] },
      inProgress(2, "being abandoned"),
    ],
    [
      "not-while-one-is-useless-and-not-yet-given-up",
      { generations: [active, generation(2, "Pending", expired)] },
      inProgress(2, "being introduced"),
    ],
    [
      "not-while-one-drains",
      { generations: [generation(1, "Draining"), generation(2, "Active")] },
      inProgress(1, "still draining"),
    ],
    [
      "whatever-drains-when-what-signs-is-compromised",
      { generations: [generation(1, "Draining"), generation(2, "Active", { compromised: true })] },
      undefined,
    ],
    ["whatever-drains-when-nobody-signs", { generations: [generation(1, "Draining")] }, undefined],
    [
      "not-beside-another-that-comes-even-when-nobody-signs",
      { generations: [generation(2, "Pending")] },
      inProgress(2, "being introduced"),
    ],
    ["whatever-foreign-root-no-anchor-holds", { foreignRoots }, undefined],
    [
      "whatever-an-anchor-that-was-not-read-may-hold",
      { foreignRoots, anchors: [anchor([], { reading: undefined })] },
      undefined,
    ],
    [
      "not-while-an-anchor-holds-a-foreign-root",
      { foreignRoots, anchors: [anchor([1]), anchor([1, 9], { name: "other" })] },
      {
        code: "ForeignRootDraining",
        anchor: "other",
        until: NOW + DAY,
        message:
          "Trust anchor other has no room for another generation while it holds the foreign root with SHA-256 root9, until 2027-06-02T00:00:00Z",
      },
    ],
  ])("%s", (_name, changes, verdict) => {
    expect(noneIsInProgress(viewFor(changes))).toStrictEqual(verdict);
  });
});

test("a generation without its key says where it may come from", () => {
  expect(keyIsPresent(viewFor(), generation(1, "Active"))).toBeUndefined();
  expect(keyIsPresent(viewFor(), generation(1, "Active", { hasKey: false }))).toStrictEqual({
    code: "KeyMissing",
    generation: 1,
    message: "The key Secret of generation 1 is missing; restore it from a backup",
  });
});

describe("a root is valid", () => {
  const lasting = (notBefore: number, notAfter: number) =>
    generation(1, "Active", { root: { fingerprint: "root1", notBefore, notAfter } });
  test.each([
    ["from-its-first-instant", NOW, NOW + DAY, true],
    ["not-before", NOW + 1, NOW + DAY, false],
    ["until-ten-minutes-after-its-end", NOW - DAY, NOW - 10 * MINUTE + 1, true],
    ["not-after", NOW - DAY, NOW - 10 * MINUTE, false],
  ])("%s", (_name, notBefore, notAfter, isValid) => {
    expect(rootIsValid(viewFor(), lasting(notBefore, notAfter)) === undefined).toBe(isValid);
  });

  test("within-dates-that-are-told", () => {
    expect(rootIsValid(viewFor(), lasting(NOW + HOUR, NOW + DAY))).toStrictEqual({
      code: "RootNotValid",
      generation: 1,
      message: "The root of generation 1 is valid from 2027-06-01T01:00:00Z to 2027-06-02T00:00:00Z only",
    });
  });

  test("and-expires-by-the-highest-time-ever-reached-when-the-time-is-not-trusted", () => {
    const one = lasting(NOW - DAY, NOW - HOUR);
    const time = { own: NOW, apiServer: undefined, aws: undefined, highWater: NOW - DAY };
    expect(isExpired(viewFor({ time }), one)).toBe(false);
    expect(isExpired(viewFor({ time: { ...time, highWater: NOW } }), one)).toBe(true);
  });
});

test("what is to sign needs a mark that is open", () => {
  const marked = (mark: { notAfter: number; sealed: boolean } | undefined) => generation(2, "Published", { mark });
  expect(markIsOpen(viewFor(), marked({ notAfter: NOW, sealed: false }))).toBeUndefined();
  expect(markIsOpen(viewFor(), marked({ notAfter: NOW, sealed: true }))).toStrictEqual({
    code: "MarkSealed",
    generation: 2,
    message: "The mark of generation 2 is sealed: it signs no more, and only a further generation can follow it",
  });
  expect(markIsOpen(viewFor(), marked(undefined))?.code).toBe("MarkMissing");
});

test("only a mark that is there can be sealed", () => {
  expect(isSealed(generation(1, "Active", { mark: { notAfter: NOW, sealed: true } }))).toBe(true);
  expect(isSealed(generation(1, "Active", { mark: { notAfter: NOW, sealed: false } }))).toBe(false);
  expect(isSealed(generation(1, "Active", { mark: undefined }))).toBe(false);
});

test("a mark only rises", () => {
  const marked = generation(1, "Active", { mark: { notAfter: NOW, sealed: false } });
  expect(markOnlyRises(viewFor(), marked, NOW + 1)).toBeUndefined();
  expect(markOnlyRises(viewFor(), { ...marked, mark: undefined }, NOW)).toBeUndefined();
  expect(markOnlyRises(viewFor(), marked, NOW)).toStrictEqual({
    code: "MarkWouldFall",
    generation: 1,
    message: "The mark of generation 1 is at 2027-06-01T00:00:00Z, at or after 2027-06-01T00:00:00Z",
  });
});

test.each<[fact: string, general: number, may: boolean]>([
  ["so does what it says of profile General", NOW - 1, true],
  ["nor does that fall", NOW, false],
  ["and that it tells of none is the lowest", 0, true],
])("%s", (_fact, generalNotAfter, may) => {
  const marked = generation(1, "Active", { mark: { notAfter: NOW, sealed: false, generalNotAfter } });
  expect(markOnlyRises(viewFor(), marked, NOW) === undefined).toBe(may);
});

describe("our own state is behind", () => {
  const holding = (...crls: ReturnType<typeof crl>[]) => ({
    anchors: [anchor([1], { reading: reading([1], { crls }) })],
  });
  const behind = (knows: string): WaitReason => ({
    code: "StateBehind",
    anchor: "prod",
    generation: 1,
    message: `Trust anchor prod holds CRL 11 of generation 1, and our own state knows of ${knows}: it was restored from a backup; order a Recover operation`,
  });
  const newer = crl(1, { number: 11n });
  test.each<[string, Changes, WaitReason | undefined]>([
    ["not-when-aws-holds-the-crl-that-we-know", holding(crl(1)), undefined],
    ["not-when-aws-holds-an-older-one", holding(crl(1, { number: 9n })), undefined],
    ["when-aws-holds-a-newer-one", holding(newer), behind("10")],
    [
      "when-aws-holds-one-and-we-know-of-none",
      { ...holding(newer), generations: [generation(1, "Active", { crlNumber: undefined })] },
      behind("none"),
    ],
    ["not-by-the-crl-of-a-generation-that-we-do-not-know", holding(crl(7, { number: 99n })), undefined],
    ["not-by-somebody-elses-crl", holding(crl(1, { generation: undefined, number: 99n })), undefined],
    ["not-by-an-anchor-that-was-not-read", { anchors: [anchor([], { reading: undefined })] }, undefined],
    [
      "by-a-second-anchor-and-its-second-crl",
      {
        generations: [generation(1, "Draining", { crlNumber: 20n }), generation(2, "Active")],
        anchors: [
          anchor([1, 2]),
          anchor([1, 2], { name: "other", reading: reading([1, 2], { crls: [newer, crl(2, { number: 12n })] }) }),
        ],
      },
      {
        code: "StateBehind",
        anchor: "other",
        generation: 2,
        message:
          "Trust anchor other holds CRL 12 of generation 2, and our own state knows of 10: it was restored from a backup; order a Recover operation",
      },
    ],
    [
      "until-a-recovery-is-done",
      {
        operations: [
          { name: "f", kind: "Freeze" },
          { name: "mend", kind: "Recover", accepted: [], startedAt: NOW },
        ],
      },
      { code: "StateBehind", message: "No generation changes its phase before operation mend is done" },
    ],
    ["not-by-an-operation-of-another-kind", { operations: [{ name: "f", kind: "Freeze" }] }, undefined],
  ])("%s", (_name, changes, verdict) => {
    expect(stateIsCurrent(viewFor(changes))).toStrictEqual(verdict);
  });
});

test("nothing is begun for an authority that is going", () => {
  expect(isNotDeleting(viewFor())).toBeUndefined();
  expect(isNotDeleting(viewFor({ deleting: true }))).toStrictEqual({
    code: "BeingDeleted",
    message: "The CertificateAuthority is being deleted: no generation is begun or ended",
  });
});
