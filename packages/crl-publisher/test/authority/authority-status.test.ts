import { describe, expect, test } from "vitest";
import type { AnchorSync } from "../../src/anchors/sync-anchor.ts";
import { type AuthorityState, authorityStatus } from "../../src/authority/authority-status.ts";

const generation = {
  number: 1,
  fingerprint: "a".repeat(64),
  notAfter: "2027-11-22T03:00:00Z",
  crl: { number: 17, thisUpdate: "2026-11-22T03:00:00Z", nextUpdate: "2026-12-22T03:00:00Z", entries: 2 },
};
const inSync = (name: string): AnchorSync => ({ status: { name, joined: true } });
const registering = (name: string): AnchorSync => ({ status: { name, joined: false } });
const unreachable = (name: string, joined = false): AnchorSync => ({
  status: { name, joined, message: "AWS is away" },
  problem: { kind: "aws", message: "AWS is away" },
});
const conflict = (name: string): AnchorSync => ({
  status: { name, joined: false, message: "a stranger" },
  problem: { kind: "conflict", message: "a stranger" },
});

/** Phase, then Ready and TrustAnchorsInSync as status and reason. */
function summary(anchors: readonly AnchorSync[], phaseBefore?: AuthorityState["phaseBefore"]): readonly string[] {
  const { status, conditions } = authorityStatus({ generation, phaseBefore, anchors });
  const phase = status.generations?.[0]?.phase ?? "none";
  return [phase, ...conditions.slice(0, 2).map(({ type, status, reason }) => `${type} ${status} ${reason}`)];
}

describe("a generation is not active yet", () => {
  test.each<[fact: string, anchors: readonly AnchorSync[], reason: string]>([
    ["while-its-only-anchor-registers", [registering("prod")], "RegisteringTrustAnchors"],
    ["while-one-of-two-registers", [inSync("prod"), registering("test")], "RegisteringTrustAnchors"],
    ["while-aws-is-away", [unreachable("prod")], "AWSUnavailable"],
    ["while-a-joined-anchor-lacks-the-crl", [inSync("prod"), unreachable("test", true)], "AWSUnavailable"],
    ["with-a-stranger-in-an-anchor", [inSync("prod"), conflict("test")], "TrustAnchorConflict"],
    ["a-conflict-is-said-before-an-outage", [unreachable("prod"), conflict("test")], "TrustAnchorConflict"],
  ])("%s", (_fact, anchors, reason) => {
    expect(summary(anchors)).toEqual(["Pending", `Ready False ${reason}`, `TrustAnchorsInSync False ${reason}`]);
    expect(authorityStatus({ generation, phaseBefore: "Pending", anchors }).status).not.toHaveProperty(
      "activeGeneration",
    );
  });
});

describe("a generation becomes active", () => {
  test.each<[fact: string, anchors: readonly AnchorSync[]]>([
    ["without-anchors", []],
    ["when-its-only-anchor-holds-it", [inSync("prod")]],
    ["when-every-anchor-holds-it", [inSync("prod"), inSync("test")]],
  ])("%s", (_fact, anchors) => {
    expect(summary(anchors, "Pending")).toEqual(["Active", "Ready True Issuing", "TrustAnchorsInSync True ReadBack"]);
    const { status } = authorityStatus({ generation, phaseBefore: undefined, anchors });
    expect(status).toMatchObject({ activeGeneration: 1, notAfter: generation.notAfter });
  });
});

describe("an active generation stays so, and the loss is reported", () => {
  test.each<[fact: string, anchors: readonly AnchorSync[], reason: string]>([
    ["when-aws-is-away", [unreachable("prod", true)], "AWSUnavailable"],
    ["when-a-stranger-is-in-an-anchor", [conflict("prod")], "TrustAnchorConflict"],
    ["when-an-anchor-is-added", [inSync("prod"), registering("new")], "RegisteringTrustAnchors"],
  ])("%s", (_fact, anchors, reason) => {
    expect(summary(anchors, "Active")).toEqual(["Active", "Ready True Issuing", `TrustAnchorsInSync False ${reason}`]);
    expect(authorityStatus({ generation, phaseBefore: "Active", anchors }).status.activeGeneration).toBe(1);
  });
});

test("messages-name-each-anchor-and-what-it-waits-for", () => {
  const { conditions } = authorityStatus({
    generation,
    phaseBefore: undefined,
    anchors: [inSync("prod"), registering("test"), unreachable("far")],
  });
  expect(conditions.map(({ message }) => message)).toEqual([
    "Generation 1 waits for its trust anchors: prod: in sync; test: not joined yet; far: AWS is away",
    "test: not joined yet; far: AWS is away",
    "CRL 17 says what the ledger says",
  ]);
});

test.each<[fact: string, anchors: readonly AnchorSync[], message: string]>([
  ["none", [], "There are no trust anchors"],
  ["one", [inSync("prod")], "The trust anchor was read back with root and CRL"],
  ["two", [inSync("prod"), inSync("test")], "All 2 trust anchors were read back with root and CRL"],
])("in-sync-of-%s-is-said-in-words", (_fact, anchors, message) => {
  expect(authorityStatus({ generation, phaseBefore: undefined, anchors }).conditions[1]?.message).toBe(message);
});

test("status-has-every-anchor-in-the-order-of-the-spec", () => {
  const { status } = authorityStatus({ generation, phaseBefore: undefined, anchors: [unreachable("b"), inSync("a")] });
  expect(status.trustAnchors?.map(({ name }) => name)).toEqual(["b", "a"]);
});
