import { describe, expect, test } from "vitest";
import { countReading, sameBundle } from "../../src/rotation/count-reading.ts";
import type { AnchorReading } from "../../src/rotation/observation.ts";
import { crl, MINUTE, NOW, POLICY, reading } from "./observation.ts";

const found: Omit<AnchorReading, "equal"> = {
  readAt: NOW,
  state: "Present",
  bundle: ["root1", "root2"],
  crls: [crl(1), crl(2)],
};
const previous = reading([1, 2], { readAt: NOW - 5 * MINUTE, equal: { count: 3, since: NOW - 15 * MINUTE } });

describe("a reading", () => {
  test("of-a-new-leader-is-the-first", () => {
    expect(countReading(undefined, found, POLICY)).toStrictEqual({ ...found, equal: { count: 1, since: NOW } });
  });

  const goesOn = { count: 4, since: NOW - 15 * MINUTE };
  const beginsAnew = { count: 1, since: NOW };
  test.each([
    ["that-found-the-same-goes-on", previous, goesOn],
    ["that-found-another-order-goes-on", { ...previous, bundle: ["root2", "root1"] }, goesOn],
    ["with-other-crls-goes-on", { ...previous, crls: [] }, goesOn],
    ["two-periods-later-goes-on", { ...previous, readAt: NOW - 10 * MINUTE }, goesOn],
    ["more-than-two-periods-later-begins-anew", { ...previous, readAt: NOW - 10 * MINUTE - 1 }, beginsAnew],
    ["after-the-clock-went-back-a-little-goes-on", { ...previous, readAt: NOW + 10 * MINUTE }, goesOn],
    ["after-the-clock-went-back-by-more-begins-anew", { ...previous, readAt: NOW + 10 * MINUTE + 1 }, beginsAnew],
    ["of-an-anchor-that-was-disabled-begins-anew", { ...previous, state: "Disabled" }, beginsAnew],
    ["with-a-certificate-more-begins-anew", { ...previous, bundle: ["root1"] }, beginsAnew],
    ["with-a-certificate-less-begins-anew", { ...previous, bundle: ["root1", "root2", "root3"] }, beginsAnew],
    ["with-another-certificate-begins-anew", { ...previous, bundle: ["root1", "root3"] }, beginsAnew],
  ] as const)("%s", (_name, before, equal) => {
    expect(countReading(before, found, POLICY)).toStrictEqual({ ...found, equal });
  });
});

test.each([
  [[], [], true],
  [["a", "b"], ["b", "a"], true],
  [["b", "a"], ["a", "b"], true],
  [["a"], ["a", "b"], false],
  [["a", "b"], ["a"], false],
  [["a", "a"], ["a", "b"], false],
  [["a", "b"], ["a", "a"], false],
])("bundles %j and %j are the same: %s", (left, right, isSame) => {
  expect(sameBundle(left, right)).toBe(isSame);
});
