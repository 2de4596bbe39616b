import type { CertificateAuthority } from "@capstan/api";
import { describe, expect, test } from "vitest";
import { checkIssuer } from "../../src/issuers/check-issuer.ts";
import { quotaNote } from "../../src/issuers/quota-note.ts";
import { authority, clusterIssuer, condition, day, newGeneration, now } from "../support/objects.ts";

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

describe("a quota that a change of leader may forget", () => {
  const withQuota = (per: string) =>
    clusterIssuer({ spec: { ...issuer.spec, quota: { perNamespace: { certificates: 100, per } } } });

  test.each<[per: string, retentionMs: number, isTold: boolean]>([
    ["1h", day, false],
    // The shortest leaf lives for ten minutes.
    ["12h5m", day, false],
    ["12h6m", day, true],
    ["720h", day, true],
    ["5m", 0, false],
    ["6m", 0, true],
    ["720h", 60 * day, false],
  ])("of-%s-with-a-retention-of-%d-ms-is-told: %s", (per, retentionMs, isTold) => {
    const note = quotaNote(withQuota(per), retentionMs);
    expect(note !== undefined).toBe(isTold);
    expect(checkIssuer(withQuota(per), fleet, [], note)).toMatchObject({
      status: "True",
      message: isTold
        ? expect.stringContaining(
            `signs with generation 1; two periods of spec.quota.perNamespace, of ${per} each, are`,
          )
        : "CertificateAuthority fleet signs with generation 1",
    });
  });

  test("is-none-without-a-quota", () => {
    expect(quotaNote(issuer, 0)).toBeUndefined();
  });
});
