import { describe, expect, test } from "vitest";
import { type AnchorInput, type AnchorPlan, type AnchorReading, planAnchor } from "../../src/anchors/plan-anchor.ts";

const [ours, next, foreign] = ["a".repeat(64), "b".repeat(64), "f".repeat(64)] as const;

function anchor(change: Partial<AnchorReading> = {}): AnchorReading {
  return { id: "one", arn: "arn-one", name: "capstan-fleet-prod", enabled: true, bundle: [ours], ...change };
}

function plan(change: Partial<AnchorInput>): AnchorPlan {
  return planAnchor({
    awsName: "capstan-fleet-prod",
    create: true,
    wanted: [ours],
    known: undefined,
    listed: [],
    ...change,
  });
}

const known = (found: AnchorReading | undefined): NonNullable<AnchorInput["known"]> => ({ arn: "arn-one", found });

describe("an anchor is created", () => {
  test.each<[fact: string, change: Partial<AnchorInput>]>([
    ["when-there-is-none", {}],
    ["when-none-has-the-name", { listed: [anchor({ name: "capstan-fleet" }), anchor({ name: "Capstan-fleet-prod" })] }],
    ["when-the-known-one-was-deleted", { known: known(undefined) }],
  ])("%s", (_fact, change) => {
    expect(plan(change)).toEqual({ do: "create" });
  });
});

describe("an anchor is joined", () => {
  test.each<[fact: string, change: Partial<AnchorInput>]>([
    ["that-is-known", { known: known(anchor()) }],
    ["that-is-known-whatever-its-name", { known: known(anchor({ name: "by hand" })) }],
    [
      "that-is-found-by-name-after-its-arn-was-lost",
      { listed: [anchor({ name: "other", bundle: [foreign] }), anchor()] },
    ],
    ["found-by-name-when-the-known-one-was-deleted", { known: known(undefined), listed: [anchor()] }],
    ["with-its-roots-in-another-order", { wanted: [ours, next], known: known(anchor({ bundle: [next, ours] })) }],
  ])("%s", (_fact, change) => {
    expect(plan(change)).toMatchObject({ do: "join", anchor: { id: "one" } });
  });

  test("and-others-of-its-name-do-not-matter-while-it-is-known", () => {
    expect(plan({ known: known(anchor()), listed: [anchor(), anchor({ id: "two" })] })).toMatchObject({ do: "join" });
  });
});

describe("nothing is overwritten", () => {
  test.each<[fact: string, change: Partial<AnchorInput>, message: string]>([
    ["by-arn-and-missing", { create: false, known: known(undefined) }, "trust anchor arn-one does not exist"],
    [
      "by-arn-and-missing-though-one-has-our-name",
      { create: false, known: known(undefined), listed: [anchor()] },
      "trust anchor arn-one does not exist",
    ],
    [
      "two-of-one-name",
      { listed: [anchor(), anchor({ id: "two", arn: "arn-two" })] },
      "2 trust anchors are named capstan-fleet-prod; delete the unused ones, or name one by its arn in spec.trustAnchors",
    ],
    [
      "no-bundle",
      { known: known(anchor({ bundle: undefined })) },
      "trust anchor arn-one is not of type CERTIFICATE_BUNDLE",
    ],
    ["disabled", { known: known(anchor({ enabled: false })) }, "trust anchor arn-one is disabled; enable it in AWS"],
    [
      "a-foreign-certificate-alone",
      { known: known(anchor({ bundle: [foreign] })) },
      `trust anchor arn-one holds a certificate that no generation of this authority has (SHA-256 ${foreign}); nothing was overwritten`,
    ],
    [
      "a-foreign-certificate-beside-ours",
      { listed: [anchor({ bundle: [ours, foreign] })] },
      `trust anchor arn-one holds a certificate that no generation of this authority has (SHA-256 ${foreign}); nothing was overwritten`,
    ],
    [
      "two-foreign-certificates",
      { known: known(anchor({ bundle: [foreign, next] })) },
      `trust anchor arn-one holds certificates that no generation of this authority has (SHA-256 ${foreign}, ${next}); nothing was overwritten`,
    ],
    [
      "a-root-that-is-missing",
      { wanted: [ours, next], known: known(anchor()) },
      `trust anchor arn-one lacks the root with SHA-256 ${next}`,
    ],
    [
      "an-empty-bundle",
      { known: known(anchor({ bundle: [] })) },
      `trust anchor arn-one lacks the root with SHA-256 ${ours}`,
    ],
  ])("%s", (_fact, change, message) => {
    expect(plan(change)).toMatchObject({ do: "wait", message });
  });
});
