import {
  apiVersion,
  type IssuedCertificate,
  issuedCertificateResource,
  type Revocation,
  revocationResource,
} from "@capstan/api";
import { createLogger, EventRecorder, KubeClient, type ReconcileResult } from "@capstan/kube";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { ManualClock } from "../../../kube/test/manual-clock.ts";
import { holderResources } from "../../src/reissue/leaf-holder.ts";
import { reissueReconciler } from "../../src/reissue/reconcile-reissue.ts";
import { replaceLeaf } from "../../src/reissue/replace-leaf.ts";
import { ApiServer } from "../support/api-server.ts";
import { ReissuePasses } from "../support/reissue-passes.ts";

const namespace = "capstan-system";
const now = new Date("2026-11-22T12:00:00Z");
const log = createLogger({ program: "test", level: "silent" });
const [notBefore, notAfter] = ["2026-11-22T09:55:00Z", "2026-11-23T10:00:00Z"];
const revoked = { at: notBefore, reason: "superseded", revocation: "demo/web" } as const;
const accepted = { type: "Accepted", status: "True", reason: "Recorded", lastTransitionTime: notBefore } as const;

let server: ApiServer;
let clock: ManualClock;
let revocations: ObjectStore<Revocation>;
let events: EventRecorder;
let reconcile: (name?: string, inNamespace?: string) => Promise<ReconcileResult>;

beforeEach(async () => {
  server = await ApiServer.start();
  clock = new ManualClock();
  revocations = new ObjectStore();
  events = new EventRecorder({ client: server.client, reportingController: "c", reportingInstance: "i", log });
  const { client } = server;
  const passes = new ReissuePasses({ client, now: () => now, clock, log });
  const { signal } = new AbortController();
  const look = reissueReconciler({
    client,
    namespace,
    revocations,
    replacements: passes.replacements,
    events,
    now: () => now,
    clock,
    wake: passes.wake.bind(passes),
    log,
  });
  reconcile = (name = "web", inNamespace = "demo") =>
    passes.run(
      `${inNamespace}/${name}`,
      async (key) => {
        const stored = server.read(revocationResource, { namespace: inNamespace, name }) as Revocation | undefined;
        if (stored !== undefined) revocations.set(stored);
        return (await look(key, signal)) ?? {};
      },
      signal,
    );
});

afterEach(() => server[Symbol.asyncDispose]());

/** What comes of it after so long. */
function after(ms: number, name?: string): Promise<ReconcileResult> {
  clock.advance(ms);
  return reconcile(name);
}

function putRevocation(
  over: { name?: string; namespace?: string; reissue?: boolean; status?: Revocation["status"] } = {},
): void {
  server.put<Revocation>(revocationResource, {
    apiVersion,
    kind: "Revocation",
    metadata: { name: over.name ?? "web", namespace: over.namespace ?? "demo" },
    spec: { target: { serial: "4f1c" }, reason: "superseded", requestedBy: "bob", reissue: over.reissue ?? true },
    status: over.status ?? { issuedCertificate: "uid-1", conditions: [accepted] },
  });
}

function putRecord(
  spec: Partial<IssuedCertificate["spec"]> = {},
  status: IssuedCertificate["status"] = { revoked },
  name = "uid-1",
): void {
  server.put(issuedCertificateResource, {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: { name, namespace },
    spec: {
      requestNamespace: "demo",
      notBefore,
      notAfter,
      owner: { kind: "Certificate", name: "web", uid: "c-1" },
      ...spec,
    },
    status,
  } as IssuedCertificate);
}

const certificate = {
  apiVersion: "cert-manager.io/v1",
  kind: "Certificate",
  metadata: { name: "web", namespace: "demo", uid: "c-1", generation: 3 },
  status: { notBefore, notAfter, conditions: [{ type: "Ready", status: "True", reason: "Ready" }] },
};
const certificateRef = { namespace: "demo", name: "web" };
const putCertificate = (status: object = {}): void => {
  server.put(holderResources.Certificate, { ...certificate, status: { ...certificate.status, ...status } });
};
const conditions = (): readonly unknown[] =>
  (server.read(holderResources.Certificate, certificateRef) as typeof certificate).status.conditions;

const podRef = { namespace: "demo", name: "web-7f9c" };
function putPod(): void {
  putRecord({ owner: { kind: "Pod", name: "web-7f9c", uid: "p-1" } });
  server.put(holderResources.Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...podRef,
      uid: "p-1",
      ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "w", uid: "r", controller: true }],
    },
    spec: { volumes: [{ csi: { driver: "csi.cert-manager.io" } }] },
  } as never);
}

const told = (name = "web", inNamespace = "demo"): string | undefined => {
  const { reissue } = (server.read(revocationResource, { namespace: inNamespace, name }) as Revocation).status ?? {};
  return reissue === undefined ? undefined : `${reissue.state} ${reissue.owner ?? "-"}: ${reissue.message ?? ""}`;
};

test("a Certificate is asked to be renewed as cmctl would, and is done when it holds another leaf", async () => {
  putRevocation();
  putRecord();
  putCertificate();
  expect(await reconcile()).toEqual({ requeueAfterMs: 5_000 });
  expect(conditions()).toEqual([
    { type: "Ready", status: "True", reason: "Ready" },
    {
      type: "Issuing",
      status: "True",
      reason: "CapstanReissue",
      message: "Revocation demo/web asks for a re-issue of revision 0",
      lastTransitionTime: "2026-11-22T12:00:00Z",
      observedGeneration: 3,
    },
  ]);
  expect(told()).toBe("Requested Certificate/web: Certificate web is being renewed");
  await events.flush();
  const writes = server.writes.length;
  await reconcile();
  expect(server.writes.length).toBe(writes);
  putCertificate({ notBefore: "2026-11-22T11:55:00Z", notAfter: "2026-11-23T12:00:00Z" });
  expect(await after(5_000)).toEqual({});
  expect(told()).toBe("Done Certificate/web: Certificate web holds another leaf");
  await events.flush();
  const reasons = server.calls
    .filter(({ path }) => path.endsWith("/events"))
    .map(({ body }) => (body as { reason?: string } | undefined)?.reason);
  expect(reasons).toEqual(["ReissueRequested", "ReissueDone"]);
});

test("a condition that outlives the renewal is taken back, and only ours", async () => {
  putRevocation();
  putRecord();
  putCertificate();
  await reconcile();
  const stored = server.read(holderResources.Certificate, certificateRef) as typeof certificate;
  server.put(holderResources.Certificate, {
    ...stored,
    status: { ...stored.status, notBefore: "2026-11-22T11:55:00Z", revision: 1 },
  });
  await after(5_000);
  expect(conditions()).toEqual([{ type: "Ready", status: "True", reason: "Ready" }]);
  expect(told()).toContain("Done");
});

test("a Certificate that changed after it was read is read again", async () => {
  putRevocation();
  putRecord();
  putCertificate();
  server.next("PATCH", /certificates\/web\/status$/, () => putCertificate({ notBefore: "2026-11-22T11:55:00Z" }));
  await reconcile();
  expect(told()).toBe("Done Certificate/web: Certificate web holds another leaf");
  expect(conditions()).toHaveLength(1);
});

test("a Certificate of the same name with another uid is another", async () => {
  putRevocation();
  putRecord({ owner: { kind: "Certificate", name: "web", uid: "c-0" } });
  putCertificate();
  await reconcile();
  expect(conditions()).toHaveLength(1);
  expect(told()).toBe("Done Certificate/web: Certificate web is gone, and its leaf with it");
});

test("a pod is evicted under its uid, and is done when it is gone", async () => {
  putRevocation();
  putPod();
  expect(await reconcile()).toEqual({ requeueAfterMs: 5_000 });
  expect(server.read(holderResources.Pod, podRef)).toBeUndefined();
  expect(server.calls.find(({ path }) => path.endsWith("/eviction"))?.body).toEqual({
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name: "web-7f9c", namespace: "demo" },
    deleteOptions: { preconditions: { uid: "p-1" } },
  });
  expect(told()).toBe("Requested Pod/web-7f9c: Pod web-7f9c is being evicted");
  expect(await after(5_000)).toEqual({});
  expect(told()).toContain("Done Pod/web-7f9c");
});

test("a pod that a PodDisruptionBudget holds is tried again later", async () => {
  putRevocation();
  putPod();
  server.next("POST", /eviction$/, { refuse: 429, reason: "TooManyRequests" });
  expect(await reconcile()).toEqual({ requeueAfterMs: 30_000 });
  expect(told()).toMatch(/^Waiting Pod\/web-7f9c: Pod web-7f9c may not be evicted now: /);
  expect(server.read(holderResources.Pod, podRef)).toBeDefined();
  await after(30_000);
  expect(server.read(holderResources.Pod, podRef)).toBeUndefined();
});

test("an eviction that is to be tried in ten seconds holds no other leaf up for so long", async () => {
  putPod();
  server.next("POST", /eviction$/, { refuse: 429, reason: "TooManyRequests", retryAfterSeconds: 10 });
  const client = new KubeClient(server.connection, { userAgent: "test" });
  const record = server.read(issuedCertificateResource, { namespace, name: "uid-1" }) as IssuedCertificate;
  const leaf = { record, reason: "superseded", asker: "a test", mayBegin: () => true } as const;
  const told = await replaceLeaf({ client, now: () => now }, leaf, new AbortController().signal);
  expect(told).toMatchObject({ state: "Waiting", againMs: 30_000 });
  await client.close();
});

test("a pod under two PodDisruptionBudgets, which Kubernetes refuses to evict with 201, is tried again later", async () => {
  putRevocation();
  putPod();
  const message = `This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.${" ".repeat(3_000)}`;
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code: 500 };
  server.next("POST", /eviction$/, { answer: { ...status, message } });
  expect(await reconcile()).toEqual({ requeueAfterMs: 30_000 });
  expect(told()).toMatch(
    /^Waiting Pod\/web-7f9c: Pod web-7f9c may not be evicted now: .*This pod has more than one PodDisruptionBudget/,
  );
  expect(told()?.length).toBeLessThan(1_500);
  server.next("POST", /eviction$/, { answer: { ...status, status: "Success" } });
  await after(30_000);
  expect(told()).toBe("Requested Pod/web-7f9c: Pod web-7f9c is being evicted");
});

test.each([
  ["GET", /certificates\/web$/],
  ["PATCH", /certificates\/web\/status$/],
] as const)("without the right to %s it says which role to bind", async (method, path) => {
  putRevocation();
  putRecord();
  putCertificate();
  server.next(method, path, { refuse: 403, reason: "Forbidden" });
  expect(await reconcile()).toEqual({ requeueAfterMs: 300_000 });
  expect(told()).toContain(
    "Waiting Certificate/web: the issuer controller may not do this; bind ClusterRole capstan-issuer-reissue to it",
  );
});

test("an API server that fails is no answer", async () => {
  putRevocation();
  putRecord();
  putCertificate();
  server.next("GET", /certificates\/web$/, { refuse: 500, reason: "InternalError" });
  expect(await reconcile()).toEqual({ requeueAfterMs: 5_000 });
  expect(told()).toMatch(/^Waiting Certificate\/web: could not be replaced: .*: 500 InternalError: /);
  expect(conditions()).toHaveLength(1);
  await after(5_000);
  expect(told()).toBe("Requested Certificate/web: Certificate web is being renewed");
});

test.each(["the revocation is deleted", "it no longer asks for it", "another takes its name"])(
  "nothing more is done when %s before its turn",
  async (what) => {
    putCertificate();
    for (let index = 0; index < 6; index += 1) {
      putRecord({}, { revoked }, `uid-${index}`);
      putRevocation({ name: `web-${index}`, status: { issuedCertificate: `uid-${index}`, conditions: [accepted] } });
      // cert-manager does not see it at once.
      putCertificate();
      await reconcile(`web-${index}`);
    }
    expect(told("web-5")).toBeUndefined();
    putCertificate();
    if (what === "the revocation is deleted") {
      server.remove(revocationResource, { namespace: "demo", name: "web-5" });
      revocations.delete("demo/web-5");
    } else {
      putRevocation({ name: "web-5", reissue: what === "another takes its name", status: {} });
    }
    await reconcile("web-5");
    const before = server.writes.length;
    await after(4_999, "web-5");
    expect(server.writes.slice(before).filter((write) => write.includes("/certificates/"))).toEqual([]);
  },
);

const reissue = (state: "Done" | "Impossible"): Revocation["status"] => ({
  issuedCertificate: "uid-1",
  conditions: [accepted],
  reissue: { state, since: notBefore },
});

test.each<[string, Parameters<typeof putRevocation>[0]]>([
  ["does not ask for it", { reissue: false }],
  ["is not accepted yet", { status: { issuedCertificate: "uid-1" } }],
  ["was refused", { status: { issuedCertificate: "uid-1", conditions: [{ ...accepted, status: "False" }] } }],
  ["is done", { status: reissue("Done") }],
  ["was given up", { status: reissue("Impossible") }],
])("nothing is touched for a Revocation that %s", async (_, over) => {
  putRevocation(over);
  putRecord();
  putCertificate();
  expect(await reconcile()).toEqual({});
  expect(server.calls).toEqual([]);
});

test.each<[string, () => void]>([
  ["another namespace's", () => putRecord({ requestNamespace: "other" })],
  ["not revoked", () => putRecord({}, {})],
])("a record that is %s is not reached", async (_, put) => {
  putRevocation();
  put();
  putCertificate();
  await reconcile();
  expect(conditions()).toHaveLength(1);
  expect(told()).toBe("Impossible -: ledger record uid-1 is not a revoked leaf that this Revocation reaches");
});

test("from Capstan's own namespace every record is reached", async () => {
  putRevocation({ namespace });
  putRecord();
  putCertificate();
  await reconcile("web", namespace);
  expect(told("web", namespace)).toContain("Requested Certificate/web");
});

test("a record that was pruned meanwhile is done", async () => {
  putRevocation();
  await reconcile();
  expect(told()).toBe("Done -: the revoked leaf has expired");
});

test("a leaf that the ledger does not know has nobody to be renewed for, and nothing is asked about it", async () => {
  putRevocation({ status: { serial: "4f1c", conditions: [accepted] } });
  await reconcile();
  const stored = server.read(revocationResource, { namespace: "demo", name: "web" }) as Revocation;
  expect(stored.status?.reissue).toMatchObject({ state: "Impossible", message: expect.stringContaining("by hand") });
  expect(server.calls.filter(({ path }) => path.includes("issuedcertificates"))).toEqual([]);
});

test("a hundred at once begin two a second", async () => {
  for (let index = 0; index < 100; index += 1) {
    const name = `web-${index}`;
    const uid = `c-${index}`;
    putRecord({ owner: { kind: "Certificate", name, uid } }, { revoked }, `uid-${index}`);
    putRevocation({ name, status: { issuedCertificate: `uid-${index}`, conditions: [accepted] } });
    server.put(holderResources.Certificate, { ...certificate, metadata: { name, namespace: "demo", uid } });
    await reconcile(name);
  }
  const begun = (): number => server.writes.filter((write) => write.includes("/certificates/")).length;
  expect(begun()).toBe(5);
  for (let halfSeconds = 1; halfSeconds <= 95; halfSeconds += 1) {
    expect((await after(500, "web-0")).requeueAfterMs).toBeLessThanOrEqual(500);
    expect(begun()).toBe(5 + halfSeconds);
  }
  await reconcile("web-99");
  expect(told("web-99")).toContain("Requested");
});
