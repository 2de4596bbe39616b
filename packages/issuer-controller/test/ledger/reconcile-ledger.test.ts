import {
  apiVersion,
  type CertificateAuthority,
  type IssuedCertificate,
  issuedCertificateResource,
  notAfterLabel,
} from "@capstan/api";
import { createLogger, createMetrics, EventRecorder, type Reconciler } from "@capstan/kube";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { ManualClock } from "../../../kube/test/manual-clock.ts";
import { createLedgerMetrics } from "../../src/ledger/ledger-metrics.ts";
import { LedgerRoom } from "../../src/ledger/ledger-room.ts";
import { ledgerKey, ledgerReconciler } from "../../src/ledger/reconcile-ledger.ts";
import { ApiServer } from "../support/api-server.ts";

const namespace = "capstan-system";
const now = Date.parse("2026-11-22T12:00:00Z");
const hour = 3_600_000;
const log = createLogger({ program: "test", level: "silent" });

let server: ApiServer;
let waiting: Set<string>;
let authorities: ObjectStore<CertificateAuthority>;

beforeEach(async () => {
  server = await ApiServer.start();
  waiting = new Set();
  authorities = new ObjectStore();
});

afterEach(() => server[Symbol.asyncDispose]());

/** A record whose leaf ended so many hours ago; `label` is what its label says of it. */
function put(name: string, hoursAgo: number, label: string | undefined = String((now - hoursAgo * hour) / 1000)): void {
  const notAfter = new Date(now - hoursAgo * hour).toISOString();
  server.put<IssuedCertificate>(issuedCertificateResource, {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: { name, namespace, labels: label === "" ? {} : { [notAfterLabel]: label } },
    spec: {
      serial: "4f1c",
      subject: "CN=web",
      notBefore: notAfter,
      notAfter,
      authority: "fleet",
      generation: 1,
      purpose: "Workload",
      publicKeySha256: "1".repeat(64),
      certificate: "a certificate",
    },
  });
}

const left = (): string =>
  (server.all(issuedCertificateResource) as readonly IssuedCertificate[])
    .map(({ metadata: { name } }) => name)
    .toSorted()
    .join(" ");

interface World {
  readonly reconcile: () => Promise<unknown>;
  readonly room: LedgerRoom;
  readonly clock: ManualClock;
  readonly metric: (name: string) => Promise<readonly (readonly [labels: string, value: number])[]>;
  readonly events: EventRecorder;
}

function world(limit = 1_000): World {
  const clock = new ManualClock();
  const room = new LedgerRoom({ limit });
  const metrics = createMetrics();
  const events = new EventRecorder({ client: server.client, reportingController: "c", reportingInstance: "i", log });
  const reconciler: Reconciler = ledgerReconciler({
    client: server.client,
    namespace,
    retentionMs: 24 * hour,
    room,
    isWaiting: ({ metadata }) => waiting.has(metadata.name),
    authorities,
    events,
    metrics: createLedgerMetrics(metrics, room),
    now: () => new Date(now),
    clock,
    log,
  });
  return {
    reconcile: () => Promise.resolve(reconciler(ledgerKey, new AbortController().signal)),
    room,
    clock,
    events,
    metric: async (name) => {
      const { values = [] } = (await metrics.registry.getMetricsAsJSON()).find((one) => one.name === name) ?? {};
      return values.map(({ labels, value }) => [Object.values(labels).join(" "), value] as const);
    },
  };
}

test("a ledger that was not counted is not told as full", async () => {
  const { metric } = world();
  expect(await metric("capstan_ledger_records")).toEqual([["", 0]]);
  expect(await metric("capstan_ledger_limit")).toEqual([["", 1_000]]);
});

test("what is over is removed, and nothing else", async () => {
  put("over", 24);
  put("retained", 23);
  put("valid", -1);
  put("unlabelled", 30, "");
  put("unlabelled-valid", -1, "");
  const { reconcile, room, metric } = world();
  expect(await reconcile()).toEqual({ requeueAfterMs: 60_000 });
  expect(left()).toBe("retained unlabelled-valid valid");
  expect(room.count).toBe(3);
  expect(await metric("capstan_ledger_records")).toEqual([["", 3]]);
  expect(await metric("capstan_ledger_limit")).toEqual([["", 1_000]]);
  expect(await metric("capstan_ledger_pruned_total")).toEqual([
    ["retention", 2],
    ["limit", 0],
  ]);
});

test.each([
  ["a label that says expired of a valid leaf", "valid", -1, "1000"],
  ["a label that says long expired of a leaf that expired an hour ago", "retained", 1, "1000"],
  ["a label that is no number", "valid", -1, "soon"],
])("%s removes nothing", async (_, name, hoursAgo, label) => {
  put(name, hoursAgo, label);
  await world(0).reconcile();
  expect(left()).toBe(name);
});

test("a record whose request waits for its answer stays, and goes once it was answered", async () => {
  put("waiting", 30);
  waiting.add("waiting");
  const { reconcile, clock } = world();
  await reconcile();
  expect(left()).toBe("waiting");
  waiting.clear();
  clock.advance(hour);
  await reconcile();
  expect(left()).toBe("");
});

test("only what has expired is read, more than a page of it to its end, and without bodies", async () => {
  for (let index = 0; index < 600; index += 1) {
    put(`waiting-${index}`, 25);
    waiting.add(`waiting-${index}`);
    put(`valid-${index}`, -1);
  }
  put("over", 24);
  const { reconcile, room, clock } = world(5_000);
  const ticking = setInterval(() => clock.advance(hour), 1);
  await reconcile();
  clearInterval(ticking);
  expect(room.count).toBe(1_200);
  expect(left()).not.toContain("over");
  const lists = server.calls.filter(({ method, path }) => method === "GET" && path.endsWith("/issuedcertificates"));
  expect(lists.map(({ query }) => [query.get("limit"), query.get("labelSelector")])).toEqual([
    ["1", null],
    ["500", "!capstan.dev/not-after"],
    ...Array.from({ length: 2 }, () => ["500", `capstan.dev/not-after<${(now - 24 * hour) / 1000 + 1}`]),
  ]);
  expect(lists.every(({ accept }) => accept.includes("as=PartialObjectMetadataList"))).toBe(true);
});

test.each<[string, (api: ApiServer) => void]>([
  [
    "was revoked",
    (api) => {
      const record = api.read(issuedCertificateResource, { namespace, name: "over" }) as IssuedCertificate;
      const revoked = { at: "2026-11-22T12:00:00Z", reason: "superseded", revocation: "demo/web" } as const;
      api.put(issuedCertificateResource, { ...record, status: { revoked } });
    },
  ],
  ["was replaced by another of its name", () => put("over", 24)],
])("a record that %s after it was read stays", async (_, change) => {
  put("over", 24);
  server.next("DELETE", /issuedcertificates\/over$/, change);
  await world().reconcile();
  expect(left()).toBe("over");
});

test("a record that somebody else removed is not counted as removed here", async () => {
  put("over", 24);
  server.next("DELETE", /issuedcertificates\/over$/, (api) => {
    api.remove(issuedCertificateResource, { namespace, name: "over" });
  });
  const { reconcile, metric } = world();
  await reconcile();
  expect(await metric("capstan_ledger_pruned_total")).toContainEqual(["retention", 0]);
});

test("every minute it counts, and every hour it prunes", async () => {
  const { reconcile, clock, room } = world();
  await reconcile();
  put("over", 24);
  clock.advance(60_000);
  await reconcile();
  expect([left(), room.count]).toEqual(["over", 1]);
  clock.advance(hour);
  await reconcile();
  expect([left(), room.count]).toEqual(["", 0]);
});

test("removals are paced", async () => {
  for (let index = 0; index < 60; index += 1) put(`over-${index}`, 24);
  const { reconcile, clock } = world();
  const done = reconcile();
  // The burst goes at once, the rest waits for the clock.
  while (left().split(" ").length > 10) await new Promise((resolve) => setImmediate(resolve));
  for (let round = 0; round < 20; round += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(left().split(" ").length).toBe(10);
  const ticking = setInterval(() => clock.advance(20), 1);
  await done;
  clearInterval(ticking);
  expect(left()).toBe("");
});

test("a ledger that is full gives up expired records early, the longest expired first, and never valid ones", async () => {
  put("valid", -1);
  put("new", 1);
  put("old", 2);
  put("older", 3);
  // At its limit, where it takes no more.
  const { reconcile, room, metric } = world(3);
  await reconcile();
  expect(left()).toBe("new valid");
  expect(await metric("capstan_ledger_pruned_total")).toContainEqual(["limit", 2]);
  expect(room.refusal).toBeUndefined();
});

test("a ledger that is full of valid leaves makes requests wait, says so, and heals", async () => {
  put("one", -1);
  put("two", -1);
  authorities.set({
    apiVersion,
    kind: "CertificateAuthority",
    metadata: { name: "fleet", uid: "u" },
  } as CertificateAuthority);
  const { reconcile, room, events, clock } = world(2);
  expect(room.refusal).toBeUndefined();
  await reconcile();
  await events.flush();
  expect(room.refusal).toBe(
    "the ledger holds 2 records and takes no more than 2: raise --ledger-limit, or issue fewer or shorter-lived certificates",
  );
  expect(server.calls.filter(({ path }) => path.endsWith("/events")).map(({ body }) => body)).toMatchObject([
    { reason: "LedgerFull", type: "Warning", regarding: { kind: "CertificateAuthority", name: "fleet" } },
  ]);
  server.remove(issuedCertificateResource, { namespace, name: "one" });
  clock.advance(60_000);
  await reconcile();
  expect(room.refusal).toBeUndefined();
});

test("what was recorded since the last count is counted", async () => {
  const room = new LedgerRoom({ limit: 2 });
  room.recorded();
  expect([room.count, room.isFull]).toEqual([undefined, false]);
  room.counted(1);
  room.recorded();
  expect([room.count, room.isFull]).toEqual([2, true]);
  room.removed();
  expect(room.isFull).toBe(false);
});

test("an empty ledger, whose list the API server writes as null, has no records", async () => {
  const { reconcile, room } = world();
  expect(await reconcile()).toEqual({ requeueAfterMs: 60_000 });
  expect(room.count).toBe(0);
});

test("an API server that fails removes nothing", async () => {
  put("over", 24);
  server.next("GET", /issuedcertificates$/, { refuse: 500, reason: "InternalError" });
  await expect(world().reconcile()).rejects.toMatchObject({ code: 500 });
  expect(left()).toBe("over");
});
