import {
  apiVersion,
  type IssuedCertificate,
  issuedCertificateResource,
  type Revocation,
  revocationReasons,
  revocationResource,
} from "@capstan/api";
import { createLogger, EventRecorder, type ReconcileResult } from "@capstan/kube";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ObjectStore } from "../../../kube/src/object-store.ts";
import { ManualClock } from "../../../kube/test/manual-clock.ts";
import { holderResources } from "../../src/reissue/leaf-holder.ts";
import { reissueReconciler } from "../../src/reissue/reconcile-reissue.ts";
import { ApiServer } from "../support/api-server.ts";
import { ReissuePasses } from "../support/reissue-passes.ts";

const namespace = "capstan-system";
const now = new Date("2026-11-22T12:00:00Z");
const log = createLogger({ program: "test", level: "silent" });
const [notBefore, notAfter] = ["2026-11-22T09:55:00Z", "2026-11-23T10:00:00Z"];
const [before, created, later] = ["2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z", "2026-11-22T11:30:00Z"];
const key = "a".repeat(64);

let server: ApiServer;
let clock: ManualClock;
let reconcile: (name?: string, inNamespace?: string) => Promise<ReconcileResult>;
/** As a process that begins to lead. */
let restart: () => void;

beforeEach(async () => {
  server = await ApiServer.start();
  clock = new ManualClock();
  restart = () => {
    const revocations = new ObjectStore<Revocation>();
    const { client } = server;
    const events = new EventRecorder({ client, reportingController: "c", reportingInstance: "i", log });
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
    reconcile = async (name = "key", inNamespace = "demo") => {
      const read = async (key: string): Promise<ReconcileResult> => {
        revocations.set(server.read(revocationResource, { namespace: inNamespace, name }) as Revocation);
        return (await look(key, signal)) ?? {};
      };
      const result = await passes.run(`${inNamespace}/${name}`, read, signal);
      await events.flush();
      return result;
    };
  };
  restart();
});

afterEach(() => server[Symbol.asyncDispose]());

type Conditions = NonNullable<NonNullable<Revocation["status"]>["conditions"]>;
const settled = (reason = "Published"): Conditions => [
  { type: "Accepted", status: "True", reason: "Recorded", lastTransitionTime: created },
  { type: "Published", status: reason === "Published" ? "True" : "False", reason, lastTransitionTime: created },
];

function putRevocation(
  change: {
    readonly name?: string;
    readonly namespace?: string;
    readonly target?: Revocation["spec"]["target"];
    readonly conditions?: Conditions;
  } = {},
): void {
  server.put<Revocation>(revocationResource, {
    apiVersion,
    kind: "Revocation",
    metadata: { name: change.name ?? "key", namespace: change.namespace ?? "demo", creationTimestamp: created },
    spec: {
      target: change.target ?? { publicKeySha256: key },
      reason: "superseded",
      requestedBy: "bob",
      reissue: true,
    },
    status: { conditions: change.conditions ?? settled() },
  });
}

/** Of a Certificate of the same name, revoked by Revocation demo/key unless told otherwise. */
function putLeaf(
  name: string,
  change: {
    readonly spec?: Partial<IssuedCertificate["spec"]>;
    readonly revokedBy?: string | null;
    readonly created?: string;
    readonly rotationPolicy?: string;
  } = {},
): void {
  const { revokedBy = "demo/key", rotationPolicy = "Always" } = change;
  const requestNamespace = change.spec?.requestNamespace ?? "demo";
  server.put(issuedCertificateResource, {
    apiVersion,
    kind: "IssuedCertificate",
    metadata: { name: `uid-${name}`, namespace, creationTimestamp: change.created ?? before },
    spec: {
      requestNamespace,
      notBefore,
      notAfter,
      publicKeySha256: key,
      owner: { kind: "Certificate", name, uid: `c-${name}` },
      ...change.spec,
    },
    ...(revokedBy === null
      ? {}
      : { status: { revoked: { at: created, reason: "superseded", revocation: revokedBy, requestedBy: "bob" } } }),
  } as IssuedCertificate);
  server.put(holderResources.Certificate, {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, namespace: requestNamespace, uid: `c-${name}` },
    spec: { privateKey: { rotationPolicy } },
    status: { notBefore, notAfter },
  } as never);
}

/** cert-manager renews what it was asked to. */
function renewAll(): void {
  for (const one of server.all(holderResources.Certificate) as readonly { readonly status: object }[]) {
    if (!isRenewing(one)) continue;
    server.put(holderResources.Certificate, {
      ...one,
      status: { notBefore: later, notAfter: "2026-11-24T10:00:00Z", conditions: [] },
    } as never);
  }
}

function isRenewing(one: object): boolean {
  const { conditions = [] } = (one as { status: { conditions?: readonly { type: string; status: string }[] } }).status;
  return conditions.some(({ type, status }) => type === "Issuing" && status === "True");
}

const renewing = (): readonly string[] =>
  (server.all(holderResources.Certificate) as readonly { metadata: { name: string } }[])
    .filter(isRenewing)
    .map(({ metadata }) => metadata.name)
    .toSorted();

const told = (name = "key", inNamespace = "demo"): string => {
  const { reissue } = (server.read(revocationResource, { namespace: inNamespace, name }) as Revocation).status ?? {};
  const { state, certificates, replaced, impossible, message = "" } = reissue ?? {};
  return reissue === undefined ? "nothing" : `${state} ${certificates}/${replaced}/${impossible}: ${message}`;
};

/** Looks until nothing is waited for. */
async function finish(name?: string, inNamespace?: string): Promise<void> {
  for (let looks = 0; looks < 50; looks += 1) {
    const { requeueAfterMs } = await reconcile(name, inNamespace);
    if (requeueAfterMs === undefined) return;
    renewAll();
    clock.advance(requeueAfterMs);
  }
  throw new Error(`not done: ${told(name, inNamespace)}`);
}

test("every leaf of a key is replaced, no faster than two a second, and status says how many", async () => {
  const names = Array.from({ length: 9 }, (_, index) => `web-${index}`);
  putRevocation();
  for (const name of names) putLeaf(name);
  await reconcile();
  expect(renewing()).toHaveLength(5);
  expect(told()).toBe("Requested 9/0/0: 0 of 9 certificates are replaced");
  clock.advance(1_000);
  await reconcile();
  expect(renewing()).toHaveLength(7);
  await finish();
  expect(told()).toBe("Done 9/9/0: 9 of 9 certificates are replaced");
  const writes = server.writes.length;
  expect(await reconcile()).toEqual({});
  expect(server.writes).toHaveLength(writes);
});

test("what comes into the ledger while it settles is replaced too, and nothing is done before", async () => {
  putRevocation({ conditions: settled(revocationReasons.settling) });
  putLeaf("early");
  const { requeueAfterMs } = await reconcile();
  expect(requeueAfterMs).toBeLessThanOrEqual(5_000);
  renewAll();
  for (const ms of [5_000, 5_000]) {
    clock.advance(ms);
    await reconcile();
  }
  expect(told()).toBe("Requested 1/1/0: 1 of 1 certificates are replaced");
  putLeaf("late");
  const { status } = server.read(revocationResource, { namespace: "demo", name: "key" }) as Revocation;
  putRevocation();
  const revocation = server.read(revocationResource, { namespace: "demo", name: "key" }) as Revocation;
  server.put(revocationResource, { ...revocation, status: { ...status, conditions: settled() } });
  await finish();
  expect(told()).toBe("Done 2/2/0: 2 of 2 certificates are replaced");
});

test("while it settles the ledger is read every thirty seconds, and once when it has", async () => {
  putRevocation({ conditions: settled(revocationReasons.settling) });
  putLeaf("web");
  const lists = (): number =>
    server.calls.filter(({ method, path }) => method === "GET" && path.endsWith("/issuedcertificates")).length;
  for (let seconds = 0; seconds < 60; seconds += 1) {
    await reconcile();
    clock.advance(1_000);
  }
  expect(lists()).toBe(2);
  const revocation = server.read(revocationResource, { namespace: "demo", name: "key" }) as Revocation;
  server.put(revocationResource, { ...revocation, status: { ...revocation.status, conditions: settled() } });
  await finish();
  expect(lists()).toBe(3);
});

test("a leaf that cannot be looked at holds nothing up, and status tells of it", async () => {
  putRevocation();
  putLeaf("bad", { spec: { owner: { kind: "Pod", name: "x/y", uid: "p-1" } } });
  putLeaf("good");
  await reconcile();
  renewAll();
  for (const ms of [5_000, 5_000]) {
    clock.advance(ms);
    await reconcile();
  }
  expect(told()).toMatch(
    /^Requested 2\/1\/0: 1 of 2 certificates are replaced; 1 wait, one of them in namespace demo: could not be replaced: /,
  );
});

test("who has many leaves replaced, and many times over, delays nobody else", async () => {
  for (let leaf = 0; leaf < 100; leaf += 1) putLeaf(`noisy-${leaf}`);
  for (let index = 0; index < 20; index += 1) {
    putRevocation({ name: `noisy-${index}` });
    await reconcile(`noisy-${index}`);
  }
  putLeaf("calm", { spec: { requestNamespace: "calm" }, revokedBy: "calm/key" });
  putRevocation({ namespace: "calm" });
  await reconcile("key", "calm");
  clock.advance(1_000);
  await reconcile("key", "calm");
  expect(renewing()).toContain("calm");
});

test("a key that stays the same, and a leaf that nobody holds, need a person", async () => {
  putRevocation();
  putLeaf("web");
  putLeaf("same", { rotationPolicy: "Never" });
  putLeaf("bare");
  const bare = server.read(issuedCertificateResource, { namespace, name: "uid-bare" }) as IssuedCertificate;
  const { owner: _nobody, ...spec } = bare.spec;
  server.put(issuedCertificateResource, { ...bare, spec });
  await finish();
  expect(told()).toMatch(/^Impossible 3\/1\/2: 1 of 3 certificates are replaced; 2 need a person, one of them in /);
  expect(renewing()).toEqual([]);
});

test.each<[fact: string, leaf: Parameters<typeof putLeaf>[1]]>([
  ["that is not revoked", { revokedBy: null }],
  ["of another namespace", { spec: { requestNamespace: "other" }, revokedBy: "other/key" }],
  ["of another key", { spec: { publicKeySha256: "b".repeat(64) } }],
  ["that has ended", { spec: { notAfter: "2026-11-22T11:59:59Z" } }],
  ["that came later and that somebody else revoked", { created: later, revokedBy: "demo/other" }],
])("a leaf %s is left alone", async (_fact, leaf) => {
  putRevocation();
  putLeaf("web");
  putLeaf("other", leaf);
  await reconcile();
  expect(renewing()).toEqual(["web"]);
  await finish();
  expect(told()).toBe("Done 1/1/0: 1 of 1 certificates are replaced");
});

test("a leaf that was revoked before is replaced as well", async () => {
  putRevocation();
  putLeaf("web", { revokedBy: "demo/earlier" });
  await finish();
  expect(told()).toBe("Done 1/1/0: 1 of 1 certificates are replaced");
});

test("from Capstan's own namespace every namespace is reached", async () => {
  putRevocation({ namespace });
  putLeaf("web", { revokedBy: `${namespace}/key` });
  putLeaf("api", { spec: { requestNamespace: "other" }, revokedBy: `${namespace}/key` });
  await finish("key", namespace);
  expect(told("key", namespace)).toBe("Done 2/2/0: 2 of 2 certificates are replaced");
});

test("of a service account what it has asked for itself is replaced", async () => {
  const spec = { requester: "system:serviceaccount:demo:web" };
  putRevocation({ target: { serviceAccount: { name: "web" } } });
  putLeaf("own", { spec });
  putLeaf("cert-manager", { spec: { requester: "system:serviceaccount:cert-manager:cert-manager" } });
  putLeaf("foreign", { spec: { ...spec, requestNamespace: "other" } });
  await reconcile();
  expect(renewing()).toEqual(["own"]);
});

test.each<[fact: string, conditions: Conditions]>([
  ["it was accepted", []],
  ["a refusal", [{ type: "Accepted", status: "False", reason: "NotFound", lastTransitionTime: created }]],
])("nothing is replaced before %s", async (_fact, conditions) => {
  putRevocation({ conditions });
  putLeaf("web");
  expect(await reconcile()).toEqual({});
  expect(renewing()).toEqual([]);
  expect(told()).toBe("nothing");
});

test("who takes over goes on, and replaces nothing twice", async () => {
  putRevocation();
  for (const name of ["a", "b", "c"]) putLeaf(name);
  await reconcile();
  renewAll();
  restart();
  const before = server.writes.filter((write) => write.includes("certificates/")).length;
  await finish();
  expect(server.writes.filter((write) => write.includes("/certificates/"))).toHaveLength(before);
  expect(told()).toBe("Done 3/3/0: 3 of 3 certificates are replaced");
});
