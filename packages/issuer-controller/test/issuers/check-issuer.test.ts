import type { CertificateAuthority } from "@capstan/api";
import { describe, expect, test } from "vitest";
import { checkIssuer } from "../../src/issuers/check-issuer.ts";
import { authority, clusterIssuer, condition, newGeneration, now } from "../support/objects.ts";

const fleet = authority([await newGeneration()]);
const issuer = clusterIssuer();

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
    expect(checkIssuer(issuer, authority, [])).toEqual({ type: "Ready", status: "False", reason, message });
  });

  const fault = { code: "ERR_POLICY_SETTING", field: "spec.policy.commonName", rule: "no", cure: "mend it" } as const;
  const unseen = { code: "ERR_POLICY_WEBHOOK", field: "cert-manager", rule: "no webhook" } as const;

  test.each<[fact: string, faults: Parameters<typeof checkIssuer>[2], reason: string, message: string]>([
    ["a-policy-that-cannot-be", [fault], "InvalidPolicy", "spec.policy.commonName: no; mend it"],
    ["webhooks-that-are-missing", [unseen], "WebhooksMissing", "cert-manager: no webhook"],
    [
      "all-of-it-at-once",
      [fault, unseen],
      "InvalidPolicy",
      "spec.policy.commonName: no; mend it\ncert-manager: no webhook",
    ],
  ])("%s-comes-before-the-authority", (_fact, faults, reason, message) => {
    expect(checkIssuer(issuer, undefined, faults)).toEqual({ type: "Ready", status: "False", reason, message });
  });
});

test("an-issuer-of-an-issuing-authority-is-ready", () => {
  expect(checkIssuer(issuer, fleet, [])).toEqual({
    type: "Ready",
    status: "True",
    reason: "Checked",
    message: "CertificateAuthority fleet signs with generation 1",
  });
});
