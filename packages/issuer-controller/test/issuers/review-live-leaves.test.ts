import {
  type CapstanClusterIssuer,
  capstanClusterIssuerResource,
  type CapstanIssuer,
  capstanIssuerResource,
  type CertificateAuthority,
  type IssuedCertificate,
  issuedCertificateResource,
} from "@capstan/api";
import { createLogger, EventRecorder, type KubeObject } from "@capstan/kube";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { liveLeavesKey, liveLeavesReconciler } from "../../src/issuers/review-live-leaves.ts";
import { ApiServer } from "../support/api-server.ts";
import {
  after,
  authority,
  clusterIssuer,
  day,
  hour,
  namespacedIssuer,
  namespaceObject,
  newGeneration,
  now,
  ownNamespace,
  record,
} from "../support/objects.ts";

const generation = await newGeneration();
const minute = 60_000;
const log = createLogger({ program: "test", level: "silent" });

let server: ApiServer;
let monotonic: number;
let clusterIssuers: ObjectStore<CapstanClusterIssuer>;
let issuers: ObjectStore<CapstanIssuer>;
let events: EventRecorder;
let reconcile: ReturnType<typeof liveLeavesReconciler>;

beforeEach(async () => {
  server = await ApiServer.start();
  monotonic = 0;
  clusterIssuers = new ObjectStore();
  issuers = new ObjectStore();
  const authorities = new ObjectStore<CertificateAuthority>();
  authorities.set(authority([generation]));
  const namespaces = new ObjectStore<KubeObject>();
  namespaces.set(namespaceObject());
  const { client } = server;
  events = new EventRecorder({ client, reportingController: "test", reportingInstance: "test", log });
  reconcile = liveLeavesReconciler({
    client,
    namespace: ownNamespace,
    issuers: { CapstanClusterIssuer: clusterIssuers, CapstanIssuer: issuers },
    authorities,
    namespaces,
    proxies: [],
    events,
    now: () => now,
    monotonic: () => monotonic,
    log,
  });
});

afterEach(() => server[Symbol.asyncDispose]());

function release(name: string, change: Partial<IssuedCertificate["spec"]> = {}): void {
  const commonName = change.commonName ?? "web.demo";
  const spec = {
    subject: `CN=${commonName}`,
    commonName,
    issuerKind: "CapstanClusterIssuer",
    issuerName: "fleet",
    requestNamespace: "demo",
    notBefore: after(-hour).toISOString(),
    notAfter: after(day - hour).toISOString(),
    ...change,
  };
  server.put(issuedCertificateResource, record({ metadata: { name }, spec }));
}

/** Lets the controller see the issuer as it is stored, in a generation. */
function edit(generation: number, allow: readonly string[]): void {
  const { metadata, spec } = clusterIssuer();
  const stored = server.put(capstanClusterIssuerResource, {
    ...clusterIssuer(),
    metadata: { ...metadata, generation },
    spec: { ...spec, policy: { commonName: { allow: [...allow], required: true } } },
  });
  clusterIssuers.set(stored);
}

async function look(): Promise<CapstanClusterIssuer["status"]> {
  await reconcile(liveLeavesKey, new AbortController().signal);
  await events.flush();
  return (server.read(capstanClusterIssuerResource, { name: "fleet" }) as CapstanClusterIssuer).status;
}

const lists = (): number => server.calls.filter(({ method }) => method === "GET").length;

test("an-edit-that-would-refuse-live-leaves-is-told-with-an-example", async () => {
  release("a");
  release("b", { commonName: "api.demo" });
  edit(2, ["web.{namespace}"]);
  const status = await look();
  expect(status?.liveLeaves).toMatchObject({
    observedGeneration: 2,
    checked: 2,
    refused: 1,
    example: { record: "b", namespace: "demo" },
  });
  // What the check of issuers says stays beside it.
  expect(status?.conditions).toHaveLength(1);
  const told = server.calls.filter(({ path }) => path.endsWith("/events")).map(({ body }) => body);
  expect(told).toMatchObject([{ reason: "LiveLeavesRefused", type: "Warning" }]);
});

test("leaves-of-others-and-expired-ones-do-not-count", async () => {
  release("other", { issuerName: "other", commonName: "api.demo" });
  release("namespaced", { issuerKind: "CapstanIssuer", commonName: "api.demo" });
  release("expired", { notAfter: after(-1_000).toISOString(), commonName: "api.demo" });
  edit(2, ["web.{namespace}"]);
  expect((await look())?.liveLeaves).toEqual({ observedGeneration: 2, checked: 0, refused: 0 });
});

test("the-ledger-is-read-once-for-all-issuers-and-not-again-without-an-edit", async () => {
  issuers.set(server.put(capstanIssuerResource, namespacedIssuer()));
  edit(1, ["web.{namespace}"]);
  release("own", { issuerKind: "CapstanIssuer" });
  await look();
  expect(lists()).toBe(1);
  const { status } = server.read(capstanIssuerResource, { namespace: "demo", name: "fleet" }) as CapstanIssuer;
  expect(status?.liveLeaves).toMatchObject({ checked: 1, refused: 0 });
  monotonic = 10 * minute;
  await look();
  expect(lists()).toBe(1);
});

test("edits-in-a-row-wait-for-one-reading", async () => {
  edit(1, ["web.{namespace}"]);
  await look();
  edit(2, ["api.{namespace}"]);
  expect(await reconcile(liveLeavesKey, new AbortController().signal)).toEqual({ requeueAfterMs: minute });
  edit(3, ["*.{namespace}"]);
  monotonic = minute;
  expect((await look())?.liveLeaves).toMatchObject({ observedGeneration: 3 });
  expect(lists()).toBe(2);
});

test("a-ledger-of-many-pages-is-read-to-its-end", async () => {
  for (let index = 0; index < 1_100; index += 1) release(`r-${index}`);
  edit(1, ["web.{namespace}"]);
  expect((await look())?.liveLeaves).toMatchObject({ checked: 1_100, refused: 0 });
  expect(lists()).toBe(3);
});
