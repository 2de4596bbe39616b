import { randomUUID } from "node:crypto";
import type { KubeClient } from "@capstan/kube";
import type { EtcdGateway, StoredObject } from "../etcd-gateway.ts";
import type { BenchRequest } from "../requests.ts";
import { namespace } from "./bench-cluster.ts";
import type { IssuerRef } from "./contestants.ts";
import { requestResource } from "./floor-work.ts";

const prefix = `/registry/cert-manager.io/certificaterequests/${namespace}/`;
const ledgerPrefix = "/registry/capstan.dev/issuedcertificates/capstan-system/";
const writers = 32;

/** Approved requests that appear all at once. */
export interface WaitingRequests {
  /** Puts so many there, and returns when each of them was put there, by `performance.now()`. */
  readonly put: (count: number) => Promise<ReadonlyMap<string, number>>;
}

/**
 * Makes approved requests for an issuer. One is created and approved through the API server, as cert-manager's webhooks
 * want it; what was stored of it is then put into etcd as often as asked, with names, uids and PKCS#10 requests of their
 * own. The API server sees them in its watch as any others. It takes a small part of the time that answering them takes;
 * creating and approving them through the API server would take as long.
 *
 * While this runs no issuer may.
 */
export async function prepareRequests(
  { client, etcd }: { readonly client: KubeClient; readonly etcd: EtcdGateway },
  issuerRef: IssuerRef,
  requests: readonly BenchRequest[],
): Promise<WaitingRequests> {
  const model = await storeModel(client, etcd, issuerRef, requests[0]?.pem ?? "");
  return {
    put: async (count) => {
      const at = new Map<string, number>();
      await eachOf(
        Array.from({ length: count }, (_, index) => index),
        async (index) => {
          const object = copy(model, index, requests[index % requests.length]?.pem ?? "");
          const name = String(object.metadata["name"]);
          at.set(name, performance.now());
          // One by one: each needs a resourceVersion of its own.
          await etcd.write([[`${prefix}${name}`, object]]);
        },
      );
      return at;
    },
  };
}

/** Removes every request and every ledger record. */
export async function removeRequests(etcd: EtcdGateway): Promise<void> {
  await removeAll(etcd, prefix);
  await removeAll(etcd, ledgerPrefix);
}

/** Removes everything whose key begins so. */
export async function removeAll(etcd: EtcdGateway, prefix: string): Promise<void> {
  await eachOf(await etcd.keys(prefix), (key) => etcd.remove(key));
}

async function eachOf<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (const item of queue) await act(item);
  };
  await Promise.all(Array.from({ length: writers }, work));
}

async function storeModel(
  client: KubeClient,
  etcd: EtcdGateway,
  issuerRef: IssuerRef,
  pem: string,
): Promise<StoredObject> {
  const head = { apiVersion: "cert-manager.io/v1", kind: "CertificateRequest", metadata: { namespace, name: "model" } };
  await client.create(requestResource, {
    ...head,
    spec: {
      issuerRef,
      request: base64(pem),
      duration: "24h0m0s",
      usages: ["digital signature", "key encipherment", "client auth"],
    },
  });
  const lastTransitionTime = `${new Date().toISOString().slice(0, 19)}Z`;
  const approved = { type: "Approved", status: "True", reason: "Bench", message: "Approved", lastTransitionTime };
  const status = { conditions: [approved] };
  await client.apply(requestResource, { ...head, status }, { fieldManager: "bench-approver", subresource: "status" });
  const stored = await etcd.read(`${prefix}model`);
  await client.delete(requestResource, { namespace, name: "model" });
  return stored;
}

function copy(model: StoredObject, index: number, pem: string): StoredObject {
  const metadata = { ...model.metadata, name: `web-${index}`, uid: randomUUID() };
  return { ...model, metadata, spec: { ...(model["spec"] as object), request: base64(pem) } };
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
