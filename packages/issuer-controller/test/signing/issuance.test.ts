import { describe, expect, test } from "vitest";
import {
  type CertificateRequest,
  issuanceOfCertificateRequest,
  issuerOfCertificateRequest,
} from "../../src/requests/certificate-request.ts";
import { hashIssuance } from "../../src/signing/issuance.ts";
import { request, type RequestChange } from "../support/objects.ts";

function hashRequest(asked: CertificateRequest): string {
  const issuer = issuerOfCertificateRequest(asked);
  if (issuer === undefined) throw new TypeError("the request names no issuer of ours");
  return hashIssuance(issuanceOfCertificateRequest(asked, issuer));
}

const issuerRef = { group: "capstan.dev", kind: "CapstanClusterIssuer", name: "fleet" };

/** Each differs from `request()` in one field that a certificate depends on. */
const changes: readonly (readonly [fact: string, change: RequestChange])[] = [
  ["uid", { metadata: { uid: "0a1b2c3d-0000-4000-8000-000000000002" } }],
  ["namespace", { metadata: { namespace: "other" } }],
  ["name", { metadata: { name: "web-2" } }],
  ["issuer-kind", { spec: { issuerRef: { ...issuerRef, kind: "CapstanIssuer" } } }],
  ["issuer-name", { spec: { issuerRef: { ...issuerRef, name: "other" } } }],
  ["csr", { spec: { request: "b3RoZXI=" } }],
  ["duration", { spec: { duration: "23h" } }],
  ["is-ca", { spec: { isCA: true } }],
  ["fewer-usages", { spec: { usages: ["client auth"] } }],
  ["order-of-usages", { spec: { usages: ["digital signature", "client auth"] } }],
  ["two-usages-as-one", { spec: { usages: ["client auth,digital signature"] } }],
  ["username", { spec: { username: "mallory" } }],
  ["user-uid", { spec: { uid: "u-1" } }],
  ["groups", { spec: { groups: ["system:masters"] } }],
  ["extra", { spec: { extra: { "authentication.kubernetes.io/pod-name": ["web-7f9c"] } } }],
];

describe("the hash of a request", () => {
  test.each(changes)("changes with: %s", (_fact, change) => {
    expect(hashRequest(request(change))).not.toBe(hashRequest(request()));
  });

  test("differs between all of them", () => {
    expect(new Set(changes.map(([, change]) => hashRequest(request(change)))).size).toBe(changes.length);
  });

  test.each<[fact: string, change: RequestChange]>([
    ["resource-version", { metadata: { resourceVersion: "17" } }],
    ["annotations", { metadata: { annotations: { a: "b" } } }],
    ["status", { status: { failureTime: "2026-11-22T03:00:00Z" } }],
    ["is-ca-false-said-out-loud", { spec: { isCA: false } }],
    ["same-duration-written-otherwise", { spec: { duration: "1440m" } }],
    [
      "owner",
      {
        metadata: {
          ownerReferences: [{ apiVersion: "cert-manager.io/v1", kind: "Certificate", name: "web", uid: "c" }],
        },
      },
    ],
  ])("stays with: %s", (_fact, change) => {
    expect(hashRequest(request(change))).toBe(hashRequest(request()));
  });

  test("is what the ledger's schema takes", () => {
    expect(hashRequest(request())).toMatch(/^[0-9a-f]{64}$/);
  });

  test("a text moved from one field to the next is another request", () => {
    const [left, right] = [
      request({ metadata: { name: "ab" }, spec: { issuerRef: { ...issuerRef, name: "c" } } }),
      request({ metadata: { name: "a" }, spec: { issuerRef: { ...issuerRef, name: "bc" } } }),
    ];
    expect(hashRequest(left)).not.toBe(hashRequest(right));
  });
});
