import { describe, expect, test } from "vitest";
import {
  crlsOf,
  heldBy,
  holdsCrl,
  holdsCurrentCrl,
  isReadSinceWrite,
  isReadWithin,
  unknownIn,
} from "../../src/rotation/anchor-state.ts";
import type { CrlReading } from "../../src/rotation/observation.ts";
import { anchor, crl, DAY, generation, MINUTE, NOW, reading, viewFor } from "./observation.ts";

test("an anchor that was not read holds nothing that is known", () => {
  const unread = anchor([], { reading: undefined });
  expect(heldBy(unread)).toStrictEqual([]);
  expect(crlsOf(unread)).toStrictEqual([]);
  expect(isReadSinceWrite(unread)).toBe(false);
  expect(isReadWithin(viewFor(), unread, DAY)).toBe(false);
});

describe("the CRL of generation 1", () => {
  test.each<[string, CrlReading, boolean, boolean]>([
    ["that-is-enabled-and-the-newest-is-held", crl(1), true, true],
    ["that-is-enabled-and-not-the-newest-is-held", crl(1, { current: false }), true, false],
    ["that-is-not-enabled-is-not-held", crl(1, { enabled: false }), false, false],
    ["is-not-held-where-another-generations-is", crl(2), false, false],
    ["is-not-held-where-somebody-elses-is", crl(1, { generation: undefined }), false, false],
  ])("%s", (_name, found, isHeld, isCurrent) => {
    const one = anchor([1], { reading: reading([1], { crls: [found] }) });
    expect(holdsCrl(one, generation(1, "Active"))).toBe(isHeld);
    expect(holdsCurrentCrl(one, generation(1, "Active"))).toBe(isCurrent);
  });
});

test("a certificate is unknown unless it is a generation's or an expected stranger's", () => {
  const view = viewFor({ foreignRoots: [{ fingerprint: "root9", drainUntil: NOW }] });
  expect(unknownIn(view, anchor([1, 9]))).toStrictEqual([]);
  expect(unknownIn(view, anchor([8, 1, 9, 7]))).toStrictEqual(["root8", "root7"]);
});

describe("a reading tells what became of a write", () => {
  const readAt = NOW - MINUTE;
  test.each([
    ["when-there-was-none", undefined, true],
    ["that-was-sent-before", readAt - 1, true],
    ["but-not-of-one-of-the-same-instant", readAt, false],
    ["but-not-of-one-that-was-sent-since", readAt + 1, false],
  ])("%s", (_name, writtenAt, isTold) => {
    expect(isReadSinceWrite(anchor([1], { reading: reading([1], { readAt }), writtenAt }))).toBe(isTold);
  });
});

test.each([
  ["a-minute-ago", NOW - MINUTE, undefined, false],
  ["less-than-a-minute-ago", NOW - MINUTE + 1, undefined, true],
  ["less-than-a-minute-ahead-by-a-clock-that-went-back", NOW + MINUTE - 1, undefined, true],
  ["a-minute-ahead-by-a-clock-that-went-back", NOW + MINUTE, undefined, false],
  ["less-than-a-minute-ago-and-before-a-write", NOW - MINUTE + 1, NOW, false],
])("a reading of %s counts as one within a minute only when it is", (_name, readAt, writtenAt, isRecent) => {
  expect(isReadWithin(viewFor(), anchor([1], { reading: reading([1], { readAt }), writtenAt }), MINUTE)).toBe(isRecent);
});
