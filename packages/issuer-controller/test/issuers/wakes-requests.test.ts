import type { CapstanClusterIssuer, CertificateAuthority, Condition } from "@capstan/api";
import { describe, expect, test } from "vitest";
import { authorityWakesRequests, issuerWakesRequests } from "../../src/issuers/wakes-requests.ts";
import { authority, clusterIssuer, condition, newGeneration, now } from "../support/objects.ts";

const generation = await newGeneration();
const second = await newGeneration(2);

const withReady = (change: Partial<Condition>): CapstanClusterIssuer =>
  clusterIssuer({ status: { conditions: [condition(change)] } });
const withMetadata = (change: Partial<CapstanClusterIssuer["metadata"]>): CapstanClusterIssuer =>
  clusterIssuer({ metadata: { ...clusterIssuer().metadata, ...change } });

describe("waiting requests are woken by an issuer", () => {
  const issuer = clusterIssuer();

  test.each<[fact: string, previous: CapstanClusterIssuer | undefined, current: CapstanClusterIssuer | undefined]>([
    ["created", undefined, issuer],
    ["deleted", issuer, undefined],
    ["recreated", issuer, withMetadata({ uid: "another" })],
    ["changed", issuer, withMetadata({ generation: 2 })],
    ["being-deleted", issuer, withMetadata({ deletionTimestamp: now.toISOString() })],
    ["ready-added", clusterIssuer({ status: {} }), issuer],
    ["ready-removed", issuer, clusterIssuer({ status: {} })],
    ["ready-status-changed", withReady({ status: "False" }), issuer],
    ["ready-observed-generation-changed", issuer, withReady({ observedGeneration: 2 })],
    ["told-again-by-a-resync", issuer, issuer],
  ])("%s", (_fact, previous, current) => {
    expect(issuerWakesRequests({ previous, current })).toBe(true);
  });

  test.each<[fact: string, current: CapstanClusterIssuer]>([
    ["an-identical-ready", clusterIssuer()],
    ["ready-in-other-words", withReady({ reason: "Other", message: "other" })],
    ["a-label", withMetadata({ labels: { a: "b" } })],
    [
      "another-condition",
      clusterIssuer({ status: { conditions: [condition(), condition({ type: "Other", status: "False" })] } }),
    ],
  ])("but-not-by: %s", (_fact, current) => {
    expect(issuerWakesRequests({ previous: issuer, current })).toBe(false);
  });
});

describe("waiting requests are woken by an authority", () => {
  const fleet = authority([generation]);
  const withStatus = (status: Partial<CertificateAuthority["status"]>): CertificateAuthority => ({
    ...fleet,
    status: { ...fleet.status, ...status },
  });

  test.each<[fact: string, previous: CertificateAuthority | undefined, current: CertificateAuthority | undefined]>([
    ["created", undefined, fleet],
    ["deleted", fleet, undefined],
    ["that-has-another-active-generation", fleet, authority([generation, second])],
    ["that-was-changed", fleet, { ...fleet, metadata: { ...fleet.metadata, generation: 2 } }],
    [
      "that-holds-issuing-no-more",
      withStatus({ frozen: { holds: ["Operator"], order: 1, since: "2026-11-22T03:00:00Z" } }),
      fleet,
    ],
    ["that-tells-a-roots-fingerprint", withStatus({ generations: [{ number: 1, phase: "Active" }] }), fleet],
  ])("%s", (_fact, previous, current) => {
    expect(authorityWakesRequests({ previous, current })).toBe(true);
  });

  test.each<[fact: string, current: CertificateAuthority]>([
    ["what-is-the-same", authority([generation])],
    ["a-new-reading-of-its-anchors", withStatus({ trustAnchors: [{ name: "prod", joined: true }] })],
    ["a-condition-in-other-words", withStatus({ conditions: [condition({ message: "other" })] })],
  ])("but-not-by: %s", (_fact, current) => {
    expect(authorityWakesRequests({ previous: fleet, current })).toBe(false);
  });
});
