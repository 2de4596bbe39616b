import type { CapstanClusterIssuer, CertificateAuthority } from "@capstan/api";
import { describe, expect, test } from "vitest";
import { authorityIsWorthACheck, issuerIsWorthACheck } from "../../src/issuers/is-worth-a-check.ts";
import { authority, clusterIssuer, condition, newGeneration } from "../support/objects.ts";

const fleet = authority([await newGeneration()]);
const issuer = clusterIssuer();
const withReady = (change: Parameters<typeof condition>[0]): CapstanClusterIssuer =>
  clusterIssuer({ status: { observedGeneration: 1, conditions: [condition(change)] } });
const withConditions = (...conditions: readonly ReturnType<typeof condition>[]): CertificateAuthority => ({
  ...fleet,
  status: { ...fleet.status, conditions: [...conditions] },
});

describe("an issuer is worth a check when it is", () => {
  test.each<[fact: string, previous: CapstanClusterIssuer | undefined, current: CapstanClusterIssuer | undefined]>([
    ["new", undefined, issuer],
    ["gone", issuer, undefined],
    ["changed", issuer, clusterIssuer({ metadata: { ...issuer.metadata, generation: 2 } })],
    ["recreated", issuer, clusterIssuer({ metadata: { ...issuer.metadata, uid: "another" } })],
    ["told-again-by-a-resync", issuer, issuer],
    ["robbed-of-its-ready-condition", issuer, clusterIssuer({ status: {} })],
  ])("%s", (_fact, previous, current) => {
    expect(issuerIsWorthACheck({ previous, current })).toBe(true);
  });

  test.each<[fact: string, current: CapstanClusterIssuer]>([
    ["its-own-ready", withReady({ status: "False", reason: "KeyUnusable" })],
    [
      "its-live-leaves",
      clusterIssuer({ status: { ...issuer.status, liveLeaves: { observedGeneration: 1, checked: 1, refused: 0 } } }),
    ],
    ["a-label", clusterIssuer({ metadata: { ...issuer.metadata, labels: { a: "b" } } })],
  ])("but-not-for: %s", (_fact, current) => {
    expect(issuerIsWorthACheck({ previous: issuer, current })).toBe(false);
  });
});

describe("an authority is worth a check of its issuers when", () => {
  const before = withConditions(condition({ reason: "Issuing" }));

  test.each<[fact: string, current: CertificateAuthority | undefined]>([
    ["gone", undefined],
    ["not-ready-any-more", withConditions(condition({ status: "False", reason: "KeyMissing" }))],
    ["not-ready-for-another-reason", withConditions(condition({ reason: "Other" }))],
    ["changed", { ...before, metadata: { ...before.metadata, generation: 2 } }],
    ["another-generation-is-active", { ...before, status: { ...before.status, activeGeneration: 2 } }],
    [
      "issuing-is-held",
      {
        ...before,
        status: { ...before.status, frozen: { holds: ["Operator"], order: 1, since: "2026-11-22T03:00:00Z" } },
      },
    ],
  ])("%s", (_fact, current) => {
    expect(authorityIsWorthACheck({ previous: before, current })).toBe(true);
  });

  test("but-not-when-it-tells-of-a-new-crl", () => {
    const current = withConditions(condition({ reason: "Issuing" }), condition({ type: "CRLCurrent" }));
    expect(authorityIsWorthACheck({ previous: before, current })).toBe(false);
  });
});
