import {
  type CapstanClusterIssuer,
  capstanClusterIssuerResource,
  type CapstanIssuer,
  capstanIssuerResource,
  type CertificateAuthority,
} from "@capstan/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { issuerReconciler } from "../../src/issuers/reconcile-issuer.ts";
import { ApiServer } from "../support/api-server.ts";
import { authority, clusterIssuer, condition, namespacedIssuer, newGeneration, now } from "../support/objects.ts";

const fleet = authority([await newGeneration()]);
const signal = new AbortController().signal;

let server: ApiServer;

beforeEach(async () => {
  server = await ApiServer.start();
});

afterEach(() => server[Symbol.asyncDispose]());

/** One reconcile of a cluster issuer that the controller sees as it is stored. */
async function reconcile(
  stored: CapstanClusterIssuer,
  authorities: readonly CertificateAuthority[] = [fleet],
): Promise<CapstanClusterIssuer> {
  const issuers = new ObjectStore<CapstanClusterIssuer>();
  issuers.set(server.put(capstanClusterIssuerResource, stored));
  await reconcilerOf("CapstanClusterIssuer", issuers, authorities)("fleet", signal);
  return server.read(capstanClusterIssuerResource, { name: "fleet" }) as CapstanClusterIssuer;
}

function reconcilerOf(
  kind: "CapstanClusterIssuer" | "CapstanIssuer",
  issuers: ObjectStore<CapstanClusterIssuer> | ObjectStore<CapstanIssuer>,
  owners: readonly CertificateAuthority[] = [fleet],
): ReturnType<typeof issuerReconciler> {
  const authorities = new ObjectStore<CertificateAuthority>();
  for (const owner of owners) authorities.set(owner);
  return issuerReconciler({ client: server.client, kind, issuers, authorities, now: () => now });
}

const { status: _none, ...unchecked } = clusterIssuer();
const message = "CertificateAuthority fleet signs with generation 1";

describe("nothing is written", () => {
  test("for-an-issuer-that-is-gone", async () => {
    await reconcilerOf("CapstanIssuer", new ObjectStore<CapstanIssuer>())("demo/fleet", signal);
    expect(server.calls).toEqual([]);
  });

  test("for-one-that-is-being-deleted", async () => {
    await reconcile({ ...unchecked, metadata: { ...unchecked.metadata, deletionTimestamp: now.toISOString() } });
    expect(server.calls).toEqual([]);
  });

  test("when-status-says-it-already", async () => {
    await reconcile(clusterIssuer({ status: { observedGeneration: 1, conditions: [condition({ message })] } }));
    expect(server.calls).toEqual([]);
  });
});

test("initialize-ready-condition", async () => {
  expect((await reconcile(unchecked)).status).toEqual({
    observedGeneration: 1,
    conditions: [condition({ message, lastTransitionTime: "2026-11-22T03:00:00Z" })],
  });
});

test("recheck-outdated-ready-and-keep-the-time-of-the-last-transition", async () => {
  const stored = clusterIssuer({ metadata: { ...unchecked.metadata, generation: 2 } });
  expect((await reconcile(stored)).status).toEqual({
    observedGeneration: 2,
    conditions: [condition({ message, observedGeneration: 2 })],
  });
});

test("not-ready-when-the-authority-is-missing-and-the-time-moves", async () => {
  const { status } = await reconcile(clusterIssuer(), []);
  expect(status?.conditions).toMatchObject([
    { status: "False", reason: "AuthorityNotFound", lastTransitionTime: "2026-11-22T03:00:00Z" },
  ]);
});

test("a-namespaced-issuer-is-written-in-its-namespace", async () => {
  const issuers = new ObjectStore<CapstanIssuer>();
  issuers.set(server.put(capstanIssuerResource, namespacedIssuer({ status: {} })));
  await reconcilerOf("CapstanIssuer", issuers)("demo/fleet", signal);
  expect(server.read(capstanIssuerResource, { namespace: "demo", name: "fleet" })).toMatchObject({
    status: { conditions: [{ type: "Ready", status: "True" }] },
  });
});

test("an-api-server-that-fails-is-left-to-the-queues-backoff", async () => {
  server.next("PATCH", /status/, { refuse: 500, reason: "InternalError" });
  await expect(reconcile(unchecked)).rejects.toMatchObject({ code: 500 });
});
