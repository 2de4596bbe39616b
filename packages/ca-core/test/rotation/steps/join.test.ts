import { describe, expect, test } from "vitest";
import type { AnchorObservation, RotationObservation } from "../../../src/rotation/observation.ts";
import { actionFor, anchor, crl, failure, generation, NOW, reading } from "../observation.ts";

const both = [generation(1, "Active"), generation(2, "Pending")];
/** Nothing can be written to it, so that joining alone is decided. */
const quiet = (held: readonly number[], changes: Partial<AnchorObservation> = {}) =>
  anchor(held, { failure, ...changes });

describe("an anchor is joined", () => {
  const world = (changes: Partial<AnchorObservation>, held = [1, 2]): Partial<RotationObservation> => ({
    generations: both,
    anchors: [quiet(held, { joined: false, ...changes })],
  });

  test("when-it-was-read-back-with-all-that-is-wanted", () => {
    expect(actionFor(world({}))).toStrictEqual({
      do: "SetJoined",
      anchor: "prod",
      joined: true,
      because: "it was read back as wanted",
    });
  });

  test.each([
    ["not-without-the-root-that-is-being-introduced", world({}, [1])],
    ["not-without-the-crl-of-one-that-signs", world({ reading: reading([1, 2], { crls: [crl(2)] }) })],
    ["not-without-the-crl-that-is-being-introduced", world({ reading: reading([1, 2], { crls: [crl(1)] }) })],
    [
      "not-with-a-crl-that-is-not-enabled",
      world({ reading: reading([1, 2], { crls: [crl(1), crl(2, { enabled: false })] }) }),
    ],
    ["not-while-it-is-disabled", world({ reading: reading([1, 2], { state: "Disabled" }) })],
    ["not-with-a-strangers-certificate", world({ reading: reading([1, 2], { bundle: ["root1", "root2", "root9"] }) })],
    ["not-by-a-reading-from-before-a-write", world({ writtenAt: NOW })],
    ["not-before-it-was-read", world({ reading: undefined })],
    ["not-again", world({ joined: true })],
    [
      "not-while-nothing-is-wanted",
      { ...world({}, []), generations: [generation(1, "Retired", { phaseSince: NOW })], deleting: true },
    ],
  ])("%s", (_name, changes) => {
    expect(actionFor(changes)?.do).not.toBe("SetJoined");
  });
});

describe("an anchor is joined no more", () => {
  const world = (changes: Partial<AnchorObservation>, held = [1]): Partial<RotationObservation> => ({
    anchors: [quiet(held, changes)],
  });
  const unjoined = (because: string) => ({ do: "SetJoined", anchor: "prod", joined: false, because });

  test.each([
    ["when-it-lacks-a-root", world({}, []), "it lacks the root of generation 1"],
    ["when-it-lacks-a-crl", world({ reading: reading([1], { crls: [] }) }), "it lacks the CRL of generation 1"],
    ["when-it-is-disabled", world({ reading: reading([1], { state: "Disabled" }) }), "it is Disabled"],
    ["when-it-is-missing", world({ reading: reading([], { state: "Missing" }) }), "it is Missing"],
    ["when-it-is-ignored", world({ ignore: true }), "it is ignored"],
    [
      "when-the-first-root-that-was-published-is-lost",
      { generations: [generation(1, "Published")], ...world({}, []) },
      "it lacks the root of generation 1",
    ],
    [
      "when-it-lacks-what-drains-and-nobody-signs",
      { generations: [generation(1, "Draining"), generation(2, "Pending")], ...world({}, [2]) },
      "it lacks the root of generation 1",
    ],
  ])("%s", (_name, changes, because) => {
    expect(actionFor(changes)).toStrictEqual(unjoined(because));
  });

  test("when-a-stranger-was-there", () => {
    expect(actionFor(world({}, [1, 9]))).toMatchObject({
      joined: false,
      because: expect.stringMatching(/^Trust anchor prod holds what no generation .* \(SHA-256 root9\)/) as string,
    });
  });

  test.each([
    ["for-a-root-that-is-only-being-introduced", { generations: both, ...world({}) }],
    [
      "for-a-root-that-status-does-not-know",
      { generations: [generation(1, "Pending", { recorded: false })], ...world({}, []) },
    ],
    ["for-a-compromised-root", { generations: [generation(1, "Active", { compromised: true })], ...world({}, []) }],
    ["by-a-reading-from-before-a-write", world({ writtenAt: NOW }, [])],
    ["because-it-was-not-read", world({ reading: undefined }, [])],
    ["when-it-is-not-joined", world({ joined: false }, [])],
    ["when-it-is-ignored-and-not-joined", world({ ignore: true, joined: false }, [])],
  ])("not-%s", (_name, changes) => {
    expect(actionFor(changes)?.do).not.toBe("SetJoined");
  });
});
