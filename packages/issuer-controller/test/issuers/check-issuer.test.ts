import type { CertificateAuthority } from "@capstan/api";
import { describe, expect, test } from "vitest";
import { checkIssuer } from "../../src/issuers/check-issuer.ts";
import { authority, clusterIssuer, condition, newGeneration, now, webhookConfigurations } from "../support/objects.ts";

const fleet = authority([await newGeneration()]);
const issuer = clusterIssuer();
const webhooks = webhookConfigurations();

const withStatus = (status: CertificateAuthority["status"]): CertificateAuthority => ({
  ...fleet,
  status: status ?? {},
});

describe("an issuer is not ready", () => {
  test.each<[fact: string, authority: CertificateAuthority | undefined, reason: string, message: string]>([
    ["authority-missing", undefined, "AuthorityNotFound", "CertificateAuthority fleet does not exist"],
    [
      "authority-being-deleted",
      { ...fleet, metadata: { ...fleet.metadata, deletionTimestamp: now.toISOString() } },
      "AuthorityNotFound",
      "CertificateAuthority fleet does not exist",
    ],
    ["authority-without-status", withStatus({}), "AuthorityNotReady", "CertificateAuthority fleet is not ready"],
    [
      "authority-registering",
      withStatus({ conditions: [condition({ status: "False", reason: "RegisteringTrustAnchors", message: "prod" })] }),
      "AuthorityNotReady",
      "CertificateAuthority fleet is not ready: RegisteringTrustAnchors: prod",
    ],
    [
      "authority-lost-its-key-after-it-was-active",
      withStatus({
        ...fleet.status,
        conditions: [condition({ status: "False", reason: "KeyMissing", message: "gone" })],
      }),
      "AuthorityNotReady",
      "CertificateAuthority fleet is not ready: KeyMissing: gone",
    ],
    [
      "authority-ready-without-active-generation",
      withStatus({ conditions: [condition({ reason: "Issuing", message: "odd" })] }),
      "AuthorityNotReady",
      "CertificateAuthority fleet is not ready: Issuing: odd",
    ],
  ])("%s", (_fact, authority, reason, message) => {
    expect(checkIssuer(issuer, authority, webhooks)).toEqual({ type: "Ready", status: "False", reason, message });
  });

  test("a-policy-that-cannot-be-is-reported-whole-and-first", () => {
    const policy = {
      commonName: { allow: ["*.{namespac}"], required: true },
      dnsNames: { allow: ["{nme}"], required: false },
    };
    const ready = checkIssuer(clusterIssuer({ spec: { ...issuer.spec, policy } }), undefined, []);
    expect(ready).toMatchObject({ status: "False", reason: "InvalidPolicy" });
    expect(ready.message?.split("\n")).toEqual([
      expect.stringContaining("spec.policy.commonName"),
      expect.stringContaining("spec.policy.dnsNames"),
    ]);
  });
});

test("an-issuer-of-an-issuing-authority-is-ready", () => {
  expect(checkIssuer(issuer, fleet, webhooks)).toEqual({
    type: "Ready",
    status: "True",
    reason: "Checked",
    message: "CertificateAuthority fleet signs with generation 1",
  });
});
