import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, connect, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  createLogger,
  EventRecorder,
  formatMicroTime,
  isAlreadyExists,
  isConflict,
  isExpired,
  isNotFound,
  KubeClient,
  type KubeConnection,
  type KubeObject,
  LeaderElector,
  type Logger,
  loadKubeConnection,
  Reflector,
  type ResourceType,
} from "@capstan/kube";
import { type Cluster, installTools, startCluster, until } from "@capstan/test-cluster";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { untilAllowed } from "../src/rights.ts";

// What packages/kube believes of a real API server: compaction, guards, leases, times.

const minute = 60_000;
const namespace = "kube-runtime";

const manifests = `
apiVersion: v1
kind: Namespace
metadata: { name: ${namespace} }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: runtime, namespace: ${namespace} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: runtime, namespace: ${namespace} }
rules:
  - { apiGroups: [""], resources: [configmaps], verbs: [get, list, watch, create, update, patch, delete] }
  - { apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update, delete, patch] }
  - { apiGroups: [events.k8s.io], resources: [events], verbs: [get, list, create, patch] }
  - { apiGroups: [example.dev], resources: [widgets, widgets/status], verbs: [get, list, watch, create, update, patch, delete] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: runtime, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: runtime }
subjects: [{ kind: ServiceAccount, name: runtime, namespace: ${namespace} }]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.dev }
spec:
  group: example.dev
  scope: Namespaced
  names: { kind: Widget, plural: widgets, singular: widget }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: { type: object, properties: { size: { type: integer } } }
            status:
              type: object
              properties:
                conditions:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [type]
                  items:
                    type: object
                    required: [type, status]
                    properties: { type: { type: string }, status: { type: string }, reason: { type: string } }
`;

const configMaps: ResourceType = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};
const leases: ResourceType = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};
const widgets: ResourceType = {
  group: "example.dev",
  version: "v1",
  plural: "widgets",
  kind: "Widget",
  namespaced: true,
};

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

interface Widget extends KubeObject {
  readonly spec?: { readonly size?: number };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface Lease extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
}

let cluster: Cluster;
let folder: string;
let network: Network;
let direct: KubeConnection;
/** The same, over a line that can be cut. */
let shaky: KubeConnection;
let client: KubeClient;
let lines: Record<string, unknown>[] = [];
const log: Logger = createLogger({
  program: "test",
  level: "debug",
  to: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
});

beforeAll(async () => {
  const quiet = (): void => undefined;
  cluster = await startCluster({
    tools: await installTools({ log: quiet }),
    log: quiet,
    // Watches of ConfigMaps come from etcd itself, and what is over two seconds old is compacted away.
    apiServerExtraArgs: ["--watch-cache-sizes=configmaps#0", "--etcd-compaction-interval=2s"],
  });
  const applied = await cluster.kubectl(["apply", "-f", "-"], { stdin: manifests });
  expect(applied.stderr).toBe("");
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "crd/widgets.example.dev"]);
  const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, name: "runtime" });
  await untilAllowed(cluster, ["list", "configmaps", "-n", namespace], { kubeconfig });
  network = await Network.start(Number(new URL(cluster.serverUrl).port));
  folder = await mkdtemp(path.join(tmpdir(), "kube-runtime-"));
  const viaNetwork = path.join(folder, "kubeconfig.json");
  const text = await readFile(kubeconfig, "utf8");
  expect(text).toContain(cluster.serverUrl);
  await writeFile(viaNetwork, text.replaceAll(cluster.serverUrl, `https://127.0.0.1:${network.port}`));
  direct = loadKubeConnection({ kubeconfig });
  shaky = loadKubeConnection({ kubeconfig: viaNetwork });
  client = new KubeClient(direct, { userAgent: "kube-runtime-test" });
}, 20 * minute);

afterAll(async () => {
  await client?.close();
  await network?.close();
  await cluster?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

afterEach(() => {
  network.mend();
  lines = [];
});

/** A TCP line to the API server that can be cut and mended. */
class Network {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(target: number) {
    this.#server = createServer((near) => {
      if (this.#isCut) {
        near.destroy();
        return;
      }
      const far = connect(target, "127.0.0.1");
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on("error", () => {});
        one.once("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
  }

  static async start(target: number): Promise<Network> {
    const network = new Network(target);
    await new Promise<void>((resolve) => network.#server.listen(0, "127.0.0.1", resolve));
    return network;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("the call did not fail");
}

function configMap(name: string, value = "1"): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace, name, labels: { suite: "reflector" } },
    data: { value },
  };
}

function widget(name: string): Widget {
  return { apiVersion: "example.dev/v1", kind: "Widget", metadata: { namespace, name }, spec: { size: 1 } };
}

describe("a reflector", () => {
  test("finds after a compaction what vanished, changed, came and came back as another", async () => {
    for (const name of ["kept", "vanishing", "changing", "reborn"]) await client.create(configMaps, configMap(name));
    const shakyClient = new KubeClient(shaky, { userAgent: "kube-runtime-test" });
    const reflector = new Reflector<ConfigMap>({
      client: shakyClient,
      type: configMaps,
      namespace,
      labelSelector: "suite=reflector",
      log,
    });
    const told: string[] = [];
    const stop = new AbortController();
    const running = reflector.run(stop.signal);
    try {
      await reflector.whenSynced(AbortSignal.timeout(minute));
      const before = reflector.store.get(`${namespace}/reborn`)?.metadata.uid;
      // The watch is open once an event has come over it.
      const seen = await client.create<ConfigMap>(configMaps, configMap("first-event"));
      await until("the first event", async () => reflector.store.get(`${namespace}/first-event`));
      reflector.onChange((key, { previous, current }) => {
        if (previous !== current)
          told.push(`${key.split("/")[1]} ${previous?.data?.["value"]}→${current?.data?.["value"]}`);
      });

      network.cut();
      await client.delete(configMaps, { namespace, name: "vanishing" });
      await client.delete(configMaps, { namespace, name: "reborn" });
      await client.create(configMaps, configMap("reborn", "2"));
      await client.create(configMaps, configMap("new"));
      await client.apply(configMaps, configMap("changing", "2"), { fieldManager: "test", force: true });
      await until("etcd to forget", () => isForgotten(seen.metadata.resourceVersion ?? ""));
      expect(told).toEqual([]);
      network.mend();

      await until("the reflector to catch up", async () => (told.length >= 4 ? true : undefined));
      expect(told.toSorted()).toEqual(["changing 1→2", "new undefined→1", "reborn 1→2", "vanishing 1→undefined"]);
      expect(reflector.store.get(`${namespace}/reborn`)?.metadata.uid).not.toBe(before);
      expect(lines.map((line) => line["msg"])).toContain("the resourceVersion has expired: listing anew");
      expect(await namesOf(reflector)).toEqual(["changing", "first-event", "kept", "new", "reborn"]);

      await client.delete(configMaps, { namespace, name: "new" });
      await until("an event of the new watch", async () => (told.length >= 5 ? true : undefined));
    } finally {
      stop.abort();
      await running;
      await shakyClient.close();
    }
  });

  test("goes on after a cut from where it was, without a list", async () => {
    const shakyClient = new KubeClient(shaky, { userAgent: "kube-runtime-cut" });
    // Of these the API server keeps the last events itself: however late the next watch comes, etcd need not remember.
    const reflector = new Reflector<Widget>({ client: shakyClient, type: widgets, namespace, log });
    const stop = new AbortController();
    const running = reflector.run(stop.signal);
    try {
      await reflector.whenSynced(AbortSignal.timeout(minute));
      // The watch is open once an event has come over it.
      await client.create<Widget>(widgets, widget("before-the-cut"));
      await until("the first event", async () => reflector.store.get(`${namespace}/before-the-cut`));
      network.cut();
      await client.create<Widget>(widgets, widget("after-the-cut"));
      network.mend();
      await until("the missed event", async () => reflector.store.get(`${namespace}/after-the-cut`));
    } finally {
      stop.abort();
      await running;
      await shakyClient.close();
    }
    const listed = await requestsIn("kube-runtime-cut", "list");
    expect(listed).toBe(1);
    expect(await requestsIn("kube-runtime-cut", "watch")).toBeGreaterThanOrEqual(2);
  });
});

/** True once a watch from there is answered by 410, in whichever way. */
async function isForgotten(resourceVersion: string): Promise<true | undefined> {
  const query = { watch: true, resourceVersion, timeoutSeconds: 1 };
  try {
    const chunks = await client.stream({ path: `/api/v1/namespaces/${namespace}/configmaps`, query });
    for await (const chunk of chunks) {
      if (Buffer.from(chunk).toString("utf8").includes('"code":410')) return true;
    }
    return undefined;
  } catch (error) {
    if (isExpired(error)) return true;
    throw error;
  }
}

async function namesOf(reflector: Reflector<ConfigMap>): Promise<string[]> {
  return reflector.store
    .list()
    .map((item) => item.metadata.name)
    .toSorted();
}

/** Finished requests of a user agent, from the audit log. */
async function requestsIn(userAgent: string, verb: string): Promise<number> {
  // The last line may be half written.
  const audit = (await readFile(cluster.auditLog, "utf8")).split("\n").slice(0, -1);
  const events = audit.map((line) => JSON.parse(line) as { userAgent?: string; verb?: string });
  return events.filter((event) => event.userAgent === userAgent && event.verb === verb).length;
}

describe("guards", () => {
  const apply = { fieldManager: "capstan-test", force: true, subresource: "status" };
  const status = (name: string, guard: Partial<Widget["metadata"]>): Widget => ({
    apiVersion: "example.dev/v1",
    kind: "Widget",
    metadata: { namespace, name, ...guard },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  });
  const versionOf = (object: Widget): { resourceVersion: string } => ({
    resourceVersion: object.metadata.resourceVersion ?? "",
  });

  test("a status apply with the resourceVersion that was read goes through, and keeps others' conditions", async () => {
    const created = await client.create<Widget>(widgets, widget("status-ok"));
    const approved = await client.apply<Widget>(
      widgets,
      {
        ...status("status-ok", versionOf(created)),
        status: { conditions: [{ type: "Approved", status: "True" }] },
      },
      { ...apply, fieldManager: "approver" },
    );
    const ready = await client.apply<Widget>(widgets, status("status-ok", versionOf(approved)), apply);
    expect(ready.status?.conditions?.map((condition) => condition.type).toSorted()).toEqual(["Approved", "Ready"]);
  });

  test("a status apply with an older resourceVersion is a conflict and changes nothing", async () => {
    const created = await client.create<Widget>(widgets, widget("status-stale"));
    const changed = await client.replace<Widget>(widgets, { ...created, spec: { size: 2 } });
    const error = await failureOf(client.apply(widgets, status("status-stale", versionOf(created)), apply));
    expect(isConflict(error)).toBe(true);
    expect(await client.get<Widget>(widgets, { namespace, name: "status-stale" })).toEqual(changed);
  });

  test("a status apply to an object that was made anew under its name is a conflict by resourceVersion, but not by uid", async () => {
    const created = await client.create<Widget>(widgets, widget("status-reborn"));
    await client.delete(widgets, { namespace, name: "status-reborn" }, { uid: created.metadata.uid });
    await client.create<Widget>(widgets, widget("status-reborn"));
    const error = await failureOf(client.apply(widgets, status("status-reborn", versionOf(created)), apply));
    expect(isConflict(error)).toBe(true);
    const byUid = await client.apply<Widget>(
      widgets,
      status("status-reborn", { uid: created.metadata.uid ?? "" }),
      apply,
    );
    expect(byUid.metadata.uid).not.toBe(created.metadata.uid);
  });

  test("a status apply to nothing is not found", async () => {
    expect(isNotFound(await failureOf(client.apply(widgets, status("nothing", {}), apply)))).toBe(true);
  });

  test("a replace of an older state is a conflict, a second create is not", async () => {
    const created = await client.create<Widget>(widgets, widget("twice"));
    await client.replace<Widget>(widgets, { ...created, spec: { size: 2 } });
    expect(isConflict(await failureOf(client.replace<Widget>(widgets, { ...created, spec: { size: 3 } })))).toBe(true);
    expect(isAlreadyExists(await failureOf(client.create<Widget>(widgets, widget("twice"))))).toBe(true);
  });

  test("a delete of another uid or an older state is a conflict", async () => {
    const created = await client.create<Widget>(widgets, widget("precondition"));
    const ref = { namespace, name: "precondition" };
    await client.replace<Widget>(widgets, { ...created, spec: { size: 2 } });
    const { uid, resourceVersion } = created.metadata;
    expect(
      isConflict(await failureOf(client.delete(widgets, ref, { uid: "00000000-0000-0000-0000-000000000000" }))),
    ).toBe(true);
    expect(isConflict(await failureOf(client.delete(widgets, ref, { resourceVersion })))).toBe(true);
    await client.delete(widgets, ref, { uid });
  });
});

describe("times", () => {
  const lease = (name: string, renewTime: string): Lease => ({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { namespace, name },
    spec: { holderIdentity: "test", leaseDurationSeconds: 30, renewTime },
  });

  test("a MicroTime of six decimals is taken and read back as it was", async () => {
    const renewTime = formatMicroTime(Date.UTC(2026, 10, 22, 1, 2, 3, 450));
    await client.create<Lease>(leases, lease("micro-time", renewTime));
    expect((await client.get<Lease>(leases, { namespace, name: "micro-time" })).spec?.["renewTime"]).toBe(
      "2026-11-22T01:02:03.450000Z",
    );
  });

  test("one of three decimals is refused", async () => {
    const error = await failureOf(client.create<Lease>(leases, lease("milli-time", new Date().toISOString())));
    expect(error).toMatchObject({ code: 400 });
  });

  test("events and their series are taken", async () => {
    const [regarding] = (await client.list<ConfigMap>(configMaps, { namespace, limit: 1 })).items;
    if (regarding === undefined) throw new Error("no ConfigMap");
    const recorder = new EventRecorder({
      client,
      reportingController: "capstan.dev/test",
      reportingInstance: "test-1",
      log,
    });
    for (let times = 0; times < 2; times += 1) {
      recorder.record({ regarding, type: "Warning", reason: "Tested", action: "Test", note: "ö".repeat(1_000) });
    }
    await recorder.flush();
    expect(lines).toEqual([]);
    const events = await client.request<{ items: { reason: string; series?: { count: number } }[] }>({
      method: "GET",
      path: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
    });
    expect(events.items.filter(({ reason }) => reason === "Tested").map(({ series }) => series?.count)).toEqual([2]);
  });
});

describe("two electors", () => {
  const fast = { leaseDurationMs: 6_000, renewDeadlineMs: 4_000, retryPeriodMs: 500 };
  /** Where none is to lose its lease, however busy the machine. */
  const patient = { leaseDurationMs: 90_000, renewDeadlineMs: 60_000, retryPeriodMs: 500 };
  const elector = (connection: KubeConnection, name: string, identity: string, times = patient): LeaderElector =>
    new LeaderElector({ connection, userAgent: `${name}-${identity}`, namespace, name, identity, log, ...times });
  const stored = (name: string): Promise<Lease> => client.get<Lease>(leases, { namespace, name });

  test("one leads; the other follows with the next epoch as soon as it is released", async () => {
    const [a, b] = [elector(direct, "handover", "a"), elector(direct, "handover", "b")];
    expect(await a.start()).toBe(1);
    const second = b.start();
    await until("a renewal", async () => {
      const { spec } = await stored("handover");
      return spec?.["renewTime"] === spec?.["acquireTime"] ? undefined : true;
    });
    expect([a.isLeader, b.isLeader]).toEqual([true, false]);
    await a.stop();
    expect(await second).toBe(2);
    expect((await stored("handover")).spec).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
    await b.stop();
    expect((await stored("handover")).spec).toMatchObject({ holderIdentity: "" });
  });

  test("never lead both while one is cut off: it loses the lease before the other takes it", async () => {
    const [a, b] = [elector(shaky, "partition", "a", fast), elector(direct, "partition", "b", fast)];
    expect(await a.start()).toBe(1);
    let wasLostFirst: boolean | undefined;
    const second = b.start().then((epoch) => {
      wasLostFirst = a.lost.aborted && !a.isLeader;
      return epoch;
    });
    await until("b to have seen the lease", async () =>
      (await requestsIn("partition-b", "get")) > 0 ? true : undefined,
    );
    network.cut();
    expect(await second).toBe(2);
    expect(wasLostFirst).toBe(true);
    expect(a.lost.reason).toMatchObject({ code: "ERR_LEADERSHIP_LOST" });
    network.mend();
    await a.stop();
    expect((await stored("partition")).spec).toMatchObject({ holderIdentity: "b" });
    await b.stop();
  });

  test("a lease deleted under its holder comes back with the same epoch", async () => {
    const a = elector(direct, "deleted", "a");
    expect(await a.start()).toBe(1);
    const before = (await stored("deleted")).metadata.uid;
    await client.delete(leases, { namespace, name: "deleted" });
    const after = await until("the lease to come back", () =>
      client.getOrUndefined<Lease>(leases, { namespace, name: "deleted" }),
    );
    expect(after.metadata.uid).not.toBe(before);
    expect(after.metadata.annotations).toEqual({ "capstan.dev/epoch": "1" });
    expect([a.isLeader, a.epoch]).toEqual([true, 1]);
    await a.stop();
  });
});
