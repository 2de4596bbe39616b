import type { IssuedCertificate } from "@capstan/api";
import { expect, test } from "vitest";
import { decideReissue } from "../../src/reissue/decide-reissue.ts";
import type { Certificate, LeafHolder, Pod } from "../../src/reissue/leaf-holder.ts";

const now = Date.parse("2026-11-22T12:00:00Z");
const [notBefore, notAfter] = ["2026-11-22T09:55:00Z", "2026-11-23T10:00:00Z"];

function record(owner?: IssuedCertificate["spec"]["owner"]): IssuedCertificate {
  return { metadata: { name: "uid-1" }, spec: { notBefore, notAfter, owner } } as IssuedCertificate;
}

const ofCertificate = record({ kind: "Certificate", name: "web", uid: "c-1" });
const ofPod = record({ kind: "Pod", name: "web-7f9c", uid: "p-1" });

function certificate(over: Partial<Certificate["status"]> = {}, more: Partial<Certificate> = {}): LeafHolder {
  const object = {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name: "web", namespace: "demo", uid: "c-1" },
    status: { notBefore, notAfter, ...over },
    ...more,
  };
  return { kind: "Certificate", object };
}

function issuing(status: "True" | "False", reason = "Renewing", message = "because"): Certificate["status"] {
  return { conditions: [{ type: "Issuing", status, reason, message, lastTransitionTime: notBefore }] };
}

function pod(
  over: Partial<Pod["metadata"]> = {},
  spec: Pod["spec"] = { volumes: [{}, { csi: { driver: "csi.cert-manager.io" } }] },
): LeafHolder {
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "r-1", controller: true };
  const metadata = { name: "web-7f9c", namespace: "demo", uid: "p-1", ownerReferences: [owner], ...over };
  return { kind: "Pod", object: { apiVersion: "v1", kind: "Pod", metadata, spec } };
}

const deletionTimestamp = "2026-11-22T11:59:00Z";
type Reason = Parameters<typeof decideReissue>[0]["reason"];

test.each<[string, IssuedCertificate, LeafHolder | undefined, Reason, string]>([
  [
    "a request of nobody's cannot be repeated",
    record(),
    undefined,
    "superseded",
    "Impossible: its request belonged to no Certificate and to no pod; whoever asked for it must ask anew",
  ],
  [
    "a Certificate that is gone needs nothing",
    ofCertificate,
    undefined,
    "superseded",
    "Done: Certificate web is gone, and its leaf with it",
  ],
  [
    "a Certificate on its way out needs nothing",
    ofCertificate,
    certificate({}, { metadata: { name: "web", deletionTimestamp } }),
    "superseded",
    "Done: Certificate web is being deleted",
  ],
  ["a Certificate that holds the leaf is renewed", ofCertificate, certificate(), "superseded", "renew"],
  [
    "one that holds it written otherwise, too",
    ofCertificate,
    certificate({ notBefore: "2026-11-22T10:55:00+01:00" }),
    "superseded",
    "renew",
  ],
  [
    "a Certificate with a later leaf is done",
    ofCertificate,
    certificate({ notBefore: "2026-11-22T11:00:00Z", notAfter: "2026-11-23T11:00:00Z" }),
    "superseded",
    "Done: Certificate web holds another leaf",
  ],
  [
    "also when both leaves end with their root",
    ofCertificate,
    certificate({ notBefore: "2026-11-22T11:00:00Z" }),
    "superseded",
    "Done: Certificate web holds another leaf",
  ],
  [
    "a Certificate that holds nothing yet is done",
    ofCertificate,
    certificate({ notBefore: "", notAfter: "" }),
    "superseded",
    "Done: Certificate web holds another leaf",
  ],
  [
    "while it is being renewed nothing is asked twice",
    ofCertificate,
    certificate(issuing("True")),
    "superseded",
    "Requested: Certificate web is being renewed, again in 5000",
  ],
  [
    "a condition of ours that outlives the renewal is taken back",
    ofCertificate,
    certificate({ ...issuing("True", "CapstanReissue"), notBefore: "2026-11-22T11:00:00Z" }),
    "superseded",
    "take back",
  ],
  [
    "a condition of ours is left until cert-manager has counted the new leaf",
    ofCertificate,
    certificate({
      ...issuing("True", "CapstanReissue", "demo/web asks for a re-issue of revision 3"),
      notBefore: "2026-11-22T11:00:00Z",
      revision: 3,
    }),
    "superseded",
    "Requested: Certificate web is being renewed, again in 5000",
  ],
  [
    "a condition of ours is taken back once it has",
    ofCertificate,
    certificate({
      ...issuing("True", "CapstanReissue", "demo/web asks for a re-issue of revision 3"),
      notBefore: "2026-11-22T11:00:00Z",
      revision: 4,
    }),
    "superseded",
    "take back",
  ],
  [
    "a condition of another's is left alone",
    ofCertificate,
    certificate({ ...issuing("True", "Renewing"), notBefore: "2026-11-22T11:00:00Z" }),
    "superseded",
    "Done: Certificate web holds another leaf",
  ],
  [
    "a failure of half an hour ago waits out its hour",
    ofCertificate,
    certificate({ ...issuing("False", "Failed", "refused by policy"), lastFailureTime: "2026-11-22T11:30:00Z" }),
    "superseded",
    "Waiting: Certificate web could not be renewed: refused by policy, again in 1800000",
  ],
  [
    "a failure of an hour ago does not",
    ofCertificate,
    certificate({ ...issuing("False"), lastFailureTime: "2026-11-22T11:00:00Z" }),
    "superseded",
    "renew",
  ],
  [
    "a key that leaked must not be used again",
    ofCertificate,
    certificate({}, { spec: { privateKey: { rotationPolicy: "Never" } } }),
    "keyCompromise",
    "Impossible: Certificate web would get a leaf for the same key (spec.privateKey.rotationPolicy: Never); set it to Always and renew it",
  ],
  [
    "a key that did not leak may be",
    ofCertificate,
    certificate({}, { spec: { privateKey: { rotationPolicy: "Never" } } }),
    "superseded",
    "renew",
  ],
  [
    "a key that leaked and is always new is no obstacle",
    ofCertificate,
    certificate({}, { spec: { privateKey: { rotationPolicy: "Always" } } }),
    "keyCompromise",
    "renew",
  ],
  ["a pod with a volume of the csi-driver is evicted", ofPod, pod(), "keyCompromise", "evict"],
  [
    "a pod that is gone needs nothing",
    ofPod,
    undefined,
    "keyCompromise",
    "Done: Pod web-7f9c is gone, and its leaf with it",
  ],
  [
    "a pod that is ending is awaited",
    ofPod,
    pod({ deletionTimestamp }),
    "superseded",
    "Requested: Pod web-7f9c is ending, again in 5000",
  ],
  [
    "a pod that somebody only named is left alone",
    ofPod,
    pod({}, { volumes: [{ csi: { driver: "other" } }] }),
    "superseded",
    "Impossible: Pod web-7f9c has no volume of csi.cert-manager.io",
  ],
  [
    "a pod without volumes is left alone",
    ofPod,
    pod({}, {}),
    "superseded",
    "Impossible: Pod web-7f9c has no volume of csi.cert-manager.io",
  ],
  [
    "a pod that nothing would start again is left alone",
    ofPod,
    pod({ ownerReferences: [] }),
    "superseded",
    "Impossible: nothing would start Pod web-7f9c again; delete it when you can do without it",
  ],
])("%s", (_, record, holder, reason, expected) => {
  const decision = decideReissue({ reason, record, holder, now });
  const again = decision.do === "tell" && decision.againMs !== undefined ? `, again in ${decision.againMs}` : "";
  expect(decision.do === "tell" ? `${decision.state}: ${decision.message}${again}` : decision.do).toBe(expected);
});
