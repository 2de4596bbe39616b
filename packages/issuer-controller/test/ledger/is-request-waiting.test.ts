import type { IssuedCertificate } from "@capstan/api";
import { expect, test } from "vitest";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import type { Caches } from "../../src/caches.ts";
import { isRequestWaiting } from "../../src/ledger/is-request-waiting.ts";

const ready = (status: string, reason: string): unknown => ({ conditions: [{ type: "Ready", status, reason }] });

function caches(
  kind: "requests" | "signingRequests",
  uid: string,
  status: unknown,
): Pick<Caches, "requests" | "signingRequests"> {
  const stores = { requests: { store: new ObjectStore() }, signingRequests: { store: new ObjectStore() } };
  const namespace = kind === "requests" ? { namespace: "demo" } : {};
  stores[kind].store.set({
    apiVersion: "v1",
    kind: "Request",
    metadata: { name: "web", uid, ...namespace },
    status,
  } as never);
  return stores as unknown as Pick<Caches, "requests" | "signingRequests">;
}

function record(spec: Partial<IssuedCertificate["spec"]>): IssuedCertificate {
  return { metadata: { name: "uid-1" }, spec } as IssuedCertificate;
}

const certificateRequest = record({ requestNamespace: "demo", requestName: "web", requestKind: "CertificateRequest" });
const signingRequest = record({ requestName: "web", requestKind: "CertificateSigningRequest" });

test.each<[string, Parameters<typeof caches>, IssuedCertificate, boolean]>([
  ["a request that says nothing yet waits", ["requests", "uid-1", undefined], certificateRequest, true],
  ["a pending request waits", ["requests", "uid-1", ready("False", "Pending")], certificateRequest, true],
  ["an issued request does not wait", ["requests", "uid-1", { certificate: "…" }], certificateRequest, false],
  ["a failed request does not wait", ["requests", "uid-1", ready("False", "Failed")], certificateRequest, false],
  ["another request of the same name is another's", ["requests", "uid-2", undefined], certificateRequest, false],
  ["a request that is gone does not wait", ["signingRequests", "uid-1", undefined], certificateRequest, false],
  [
    "a record from before kinds were told is of a CertificateRequest",
    ["requests", "uid-1", undefined],
    record({ requestNamespace: "demo", requestName: "web" }),
    true,
  ],
  ["a Kubernetes request that says nothing waits", ["signingRequests", "uid-1", undefined], signingRequest, true],
  [
    "an answered Kubernetes request does not wait",
    ["signingRequests", "uid-1", { certificate: "…" }],
    signingRequest,
    false,
  ],
  ["a leaf of our own has no request", ["requests", "uid-1", undefined], record({ purpose: "CrlSentinel" }), false],
])("%s", (_, cached, record, expected) => {
  expect(isRequestWaiting(caches(...cached), record)).toBe(expected);
});
