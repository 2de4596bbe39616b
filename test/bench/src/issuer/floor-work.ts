import type { IssuedCertificate } from "@capstan/api";
import type { KubeObject, ResourceType } from "@capstan/kube";
import { ledgerRecord } from "../ledger-records.ts";

export const requestResource: ResourceType = {
  group: "cert-manager.io",
  version: "v1",
  plural: "certificaterequests",
  kind: "CertificateRequest",
  namespaced: true,
};

/** What the floor writes for one request: the ledger record, and the answer. */
export interface FloorWork {
  readonly record: IssuedCertificate;
  readonly answer: KubeObject & { readonly status: unknown };
}

/**
 * What Capstan would write for a request, ready-made: of the same size and guarded by the same resourceVersion, with a
 * certificate that nobody signed.
 */
export function floorWork(request: KubeObject["metadata"], index: number): FloorWork {
  const { name, namespace = "", uid = "", resourceVersion = "" } = request;
  const now = new Date(Math.floor(Date.now() / 1000) * 1000);
  const record = ledgerRecord(index, new Date(now.getTime() + 86_400_000));
  const certificate = Buffer.from(record.spec.certificate, "utf8").toString("base64");
  return {
    record: { ...record, metadata: { ...record.metadata, name: uid } },
    answer: {
      apiVersion: "cert-manager.io/v1",
      kind: "CertificateRequest",
      metadata: { name, namespace, resourceVersion },
      status: {
        conditions: [
          {
            type: "Ready",
            status: "True",
            reason: "Issued",
            message: "Certificate issued",
            lastTransitionTime: `${now.toISOString().slice(0, 19)}Z`,
          },
        ],
        certificate,
        ca: certificate,
      },
    },
  };
}
