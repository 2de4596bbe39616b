import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  Controller,
  EventRecorder,
  KubeClient,
  type KubeObject,
  LeaderElector,
  loadKubeConnection,
  type ReflectorChange,
} from "../src/index.ts";
import type { Lease } from "../src/lease.ts";
import { ManualClock } from "./manual-clock.ts";
import { capturedLog, type Widget, widget, widgetList, widgets, widgetsPath } from "./objects.ts";
import { events, list, reflect, refused } from "./reflector-fixture.ts";
import { eventually, type Exchange, ScriptedServer, type Step } from "./scripted-server.ts";

// What @kubernetes/client-node 2.0.1 and its informer do in twenty situations loses, repeats or stalls work. Here is what this package does in each.

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function serve(handle: Step = () => {}): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(handle);
  cleanups.push(() => server.close());
  return server;
}

async function clientOf(
  handle: Step,
  requestTimeoutMs = 5_000,
): Promise<{ server: ScriptedServer; client: KubeClient }> {
  const server = await serve(handle);
  const client = new KubeClient(server.connection(), { userAgent: "t", requestTimeoutMs, retryAfterBudgetMs: 0 });
  cleanups.push(() => client.close());
  return { server, client };
}

const ref = { namespace: "demo", name: "a" };
const answer: Step = (exchange) => {
  exchange.json(200, widget("a", "1"));
};
const reset: Step = (exchange) => {
  exchange.reset();
};
const lines =
  (text: string): Step =>
  (exchange) => {
    exchange.write(text);
    exchange.end();
  };

describe("calls", () => {
  test("row 1: fifty calls, one after the other, share a connection", async () => {
    const { server, client } = await clientOf(answer);
    for (let calls = 0; calls < 50; calls += 1) await client.get(widgets, ref);
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  test.each<[string, Step]>([
    ["silent", () => {}],
    [
      "silent after its headers",
      (exchange) => {
        exchange.write();
      },
    ],
  ])("row 2: a call to a server that is %s ends in time", async (_, step) => {
    const { client } = await clientOf(step, 200);
    await expect(client.get(widgets, ref)).rejects.toMatchObject({ code: "ERR_KUBE_TIMEOUT" });
  });

  test("row 2: a lease renewal to a silent server ends in half of the deadline, so that the next one is in time", async () => {
    let lease: Lease | undefined;
    let version = 0;
    let isSilent = false;
    const server = await serve((exchange) => {
      if (exchange.seen.method === "GET") return exchange.status(404, "NotFound");
      if (isSilent) return (isSilent = false);
      version += 1;
      lease = JSON.parse(exchange.seen.body) as Lease;
      lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(version) } };
      exchange.json(200, lease);
    });
    const elector = electorOf(server, { leaseDurationMs: 15_000, renewDeadlineMs: 12_000, retryPeriodMs: 100 });
    await elector.start();
    isSilent = true;
    await eventually(() => expect(isSilent).toBe(false));
    const before = version;
    await eventually(() => expect(version).toBeGreaterThan(before));
    expect([elector.isLeader, elector.lost.aborted]).toEqual([true, false]);
  });

  test("row 16: an apply goes out as an apply", async () => {
    const { server, client } = await clientOf(answer);
    const target = { fieldManager: "capstan issuer", force: true, subresource: "status" };
    await client.apply(widgets, widget("a", "7"), target);
    const [seen] = server.seen;
    expect([seen?.method, seen?.headers["content-type"], `${seen?.path}?${seen?.query}`]).toEqual([
      "PATCH",
      "application/apply-patch+yaml",
      `${widgetsPath.replace("widgets", "namespaces/demo/widgets")}/a/status?fieldManager=capstan+issuer&force=true`,
    ]);
  });

  test("row 16: a patch of no stated kind is refused before anything is sent", async () => {
    const { server, client } = await clientOf(answer);
    const patch = client.request({ method: "PATCH", path: `${widgetsPath}/a`, body: {} });
    await expect(patch).rejects.toThrow(/^PATCH .*: contentType is missing/);
    expect(server.seen).toEqual([]);
  });

  test.each<[string, boolean]>([
    ["proxy-url of the kubeconfig is used, and sees no token", true],
    ["HTTPS_PROXY and HTTP_PROXY of the environment are not", false],
  ])("row 18: %s", async (_, inKubeconfig) => {
    const { server } = await clientOf(answer);
    const proxy = await TunnelProxy.start();
    const folder = mkdtempSync(join(tmpdir(), "client-node-traps-"));
    cleanups.push(() => {
      rmSync(folder, { recursive: true });
    });
    const cluster = {
      server: server.url,
      "insecure-skip-tls-verify": true,
      ...(inKubeconfig && { "proxy-url": proxy.url }),
    };
    const kubeconfig = join(folder, "config");
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        clusters: [{ name: "c", cluster }],
        users: [{ name: "u", user: { token: "s3cret" } }],
        contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
        "current-context": "x",
      }),
    );
    const env = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, https_proxy: proxy.url, http_proxy: proxy.url };
    // The process's own too, and that Node's own fetch would go by them.
    for (const [name, value] of Object.entries({ ...env, NODE_USE_ENV_PROXY: "1" })) vi.stubEnv(name, value);
    cleanups.push(() => void vi.unstubAllEnvs());
    const client = new KubeClient(loadKubeConnection({ kubeconfig, env }), { userAgent: "t" });
    cleanups.push(() => client.close());
    await client.get(widgets, ref);
    expect(server.seen[0]?.headers.authorization).toBe("Bearer s3cret");
    expect(proxy.targets).toEqual(inKubeconfig ? [new URL(server.url).host] : []);
    expect(proxy.heads.join("\n")).not.toContain("s3cret");
  });

  test("row 19: each watch has a connection of its own, so that one that stalls stalls no other call", async () => {
    const { server, client } = await clientOf((exchange) => {
      if (exchange.seen.isWatch) exchange.write();
      else answer(exchange);
    });
    for (let watches = 0; watches < 3; watches += 1) await client.stream({ path: widgetsPath, query: { watch: true } });
    expect(await client.get(widgets, ref)).toMatchObject({ kind: "Widget" });
    expect(server.connections).toBe(4);
  });

  test("row 20: a kubeconfig is looked for in files alone: no program is run", () => {
    const folder = mkdtempSync(join(tmpdir(), "client-node-traps-"));
    cleanups.push(() => {
      rmSync(folder, { recursive: true });
    });
    // client-node starts wsl.exe where there is no home folder.
    const load = (): unknown => loadKubeConnection({ env: { PATH: "" }, home: folder, serviceAccountFolder: folder });
    expect(load).toThrow(/^no kubeconfig: give one, set KUBECONFIG, or create /);
  });
});

describe("a reflector", () => {
  test.each<[string, Step]>([
    ["a reset", reset],
    ["401", refused(401, "Unauthorized")],
    ["403", refused(403, "Forbidden")],
    ["429", refused(429, "TooManyRequests")],
    ["500", refused(500, "InternalError")],
    ["503", refused(503, "ServiceUnavailable")],
  ])("row 3: after %s it watches on from where it was, and hears what comes", async (_, failure) => {
    const { server, told } = await reflect({
      lists: [list("1")],
      watches: [failure, events(["ADDED", widget("a", "2")])],
    });
    await eventually(() => expect(told).toEqual([["demo/a", undefined, "2"]]));
    expect(server.watches.map((seen) => seen.query.get("resourceVersion"))).toEqual(["1", "1"]);
    expect(server.lists).toHaveLength(1);
  });

  test.each<[string, Step]>([
    ["500", refused(500, "InternalError")],
    ["403", refused(403, "Forbidden")],
    ["a reset", reset],
    ["an answer that is no list", answer],
  ])("row 4: a list that fails with %s is no empty list: it is not synced, and is tried again", async (_, failure) => {
    const { server, reflector, told } = await reflect({ lists: [failure], watches: [] });
    await eventually(() => expect(server.lists).toHaveLength(2));
    expect([reflector.synced, reflector.store.size, told]).toEqual([false, 0, []]);
    server.exchanges.at(-1)?.json(200, widgetList("1", [widget("a", "1")]));
    await eventually(() => expect(reflector.synced).toBe(true));
  });

  test.each<[string, { lists: Step[]; watches: Step[] }, number]>([
    ["during a list", { lists: [], watches: [] }, 1],
    ["before a watch has answered", { lists: [list("1")], watches: [] }, 2],
    ["during a watch", { lists: [list("1")], watches: [events(["ADDED", widget("a", "2")])] }, 2],
  ])("row 5: a stop %s is no error, and nothing is started after it", async (_, script, requests) => {
    const { server, stop, lines } = await reflect(script);
    await eventually(() => expect(server.seen).toHaveLength(requests));
    await stop();
    await eventually(() => expect(server.exchanges.at(-1)?.isClosed).toBe(true));
    expect([server.seen.length, lines]).toEqual([requests, []]);
  });

  test("row 6: a stop during the list is not forgotten, even when the list has just arrived", async () => {
    let stopped: Promise<void> | undefined;
    const { server, stop, reflector, told, lines } = await reflect(
      { lists: [list("1", widget("a", "1"))], watches: [] },
      {
        transform: (object) => {
          stopped = stop();
          return object;
        },
      },
    );
    await eventually(() => expect(stopped).toBeDefined());
    await stopped;
    expect([server.seen.length, reflector.store.size, told, lines]).toEqual([1, 0, [], []]);
  });

  test("row 6: a stop during the backoff is not forgotten", async () => {
    const clock = new ManualClock();
    const { server, stop } = await reflect(
      { lists: [refused(500, "InternalError")], watches: [] },
      { clock, jitter: () => 0.5 },
    );
    await eventually(() => expect(clock.timers).toBe(2)); // backoff and resync
    await stop();
    clock.advance(3_600_000);
    expect([clock.timers, server.seen.length]).toEqual([0, 1]);
  });

  test("row 7: a second start is refused and leaves the first alone", async () => {
    const { reflector, server } = await reflect({ lists: [list("1")], watches: [] });
    await expect(reflector.run(new AbortController().signal)).rejects.toThrow("already started");
    await eventually(() => expect(server.watches).toHaveLength(1));
    expect(server.lists).toHaveLength(1);
  });

  test("row 8: a listener that throws is logged, stops neither others nor the watch, and repeats no event", async () => {
    const { reflector, server, told, lines } = await reflect({ lists: [list("1")], watches: [] });
    reflector.onChange(() => {
      throw new Error("listener fault");
    });
    await eventually(() => expect(server.watches).toHaveLength(1));
    const watch = server.exchanges.at(-1);
    watch?.event("ADDED", widget("a", "2"));
    watch?.event("ADDED", widget("b", "3"));
    watch?.end();
    await eventually(() => expect(server.watches).toHaveLength(2));
    expect(told).toHaveLength(2);
    expect(server.watches[1]?.query.get("resourceVersion")).toBe("3");
    expect(lines.filter((line) => line["msg"] === "a listener failed")).toHaveLength(2);
  });

  test.each<[string, Step]>([
    ["is no JSON", lines("{nonsense}\n")],
    ["is cut off", lines('{"type":"ADDED","obj')],
    ["has no object", lines('{"type":"ADDED"}\n')],
    ["has an object without a name", events(["ADDED", { metadata: { resourceVersion: "2" } }])],
    ["is of an unknown type", events(["RENAMED", widget("a", "2")])],
  ])("row 9: a line that %s breaks the watch, is logged, and is asked for again", async (_, damaged) => {
    const { server, told, lines } = await reflect({
      lists: [list("1")],
      watches: [damaged, events(["ADDED", widget("a", "2")])],
    });
    await eventually(() => expect(told).toEqual([["demo/a", undefined, "2"]]));
    expect(server.watches.map((seen) => seen.query.get("resourceVersion"))).toEqual(["1", "1"]);
    expect(lines[0]).toMatchObject({ level: "warn", err: { code: "ERR_KUBE_PROTOCOL" } });
  });

  test("row 10: an ERROR event that is not 410 breaks the watch, is logged, and is followed by another", async () => {
    const error = { kind: "Status", code: 500, reason: "InternalError", message: "etcd said no" };
    const { server, told, lines } = await reflect({
      lists: [list("1")],
      watches: [events(["ADDED", widget("a", "2")], ["ERROR", error]), events(["ADDED", widget("b", "3")])],
    });
    await eventually(() => expect(told).toHaveLength(2));
    expect(server.watches.map((seen) => seen.query.get("resourceVersion"))).toEqual(["1", "2"]);
    expect(lines[0]).toMatchObject({ level: "warn", err: { code: 500, message: expect.stringContaining("said no") } });
  });

  test("row 11: it asks for bookmarks and an end within five to ten minutes, and follows both", async () => {
    const { server } = await reflect(
      { lists: [list("1")], watches: [events(["BOOKMARK", { metadata: { resourceVersion: "23" } }])] },
      { jitter: () => 0.5 },
    );
    await eventually(() => expect(server.watches).toHaveLength(1));
    expect(server.watches[0]?.query.toString()).toBe(
      "watch=true&allowWatchBookmarks=true&resourceVersion=1&timeoutSeconds=450",
    );
    server.exchanges.at(-1)?.end();
    await eventually(() => expect(server.watches).toHaveLength(2));
    expect(server.watches[1]?.query.get("resourceVersion")).toBe("23");
  });

  test("row 11: a watch that stays silent past its own end is dropped and opened again, and not before", async () => {
    const clock = new ManualClock();
    const quiet: Step = (exchange) => {
      exchange.write();
    };
    const { server } = await reflect({ lists: [list("1")], watches: [quiet] }, { clock });
    await eventually(() => expect(server.watches).toHaveLength(1));
    await eventually(() => expect(clock.timers).toBe(2)); // idle and resync
    clock.advance(329_999);
    expect(clock.timers).toBe(2);
    clock.advance(1);
    await eventually(() => {
      clock.advance(0); // rings the backoff
      expect(server.watches).toHaveLength(2);
    });
    expect(server.exchanges.find((exchange) => exchange.seen.isWatch)?.isClosed).toBe(true);
  });

  test("row 12: an object deleted and created anew behind a 410 is told with both uids", async () => {
    const changes: ReflectorChange<Widget>[] = [];
    const { reflector, server } = await reflect({
      lists: [list("1", widget("a", "1", { uid: "old" })), list("9", widget("a", "1", { uid: "new" }))],
      watches: [
        (exchange) => {
          reflector.onChange((_, change) => changes.push(change));
          refused(410, "Expired")(exchange);
        },
      ],
    });
    await eventually(() => expect(server.watches).toHaveLength(2));
    expect(changes.map(({ previous, current }) => [previous?.metadata.uid, current?.metadata.uid])).toEqual([
      ["old", "old"], // told at registration
      ["old", "new"],
    ]);
    expect(reflector.store.get("demo/a")?.metadata.uid).toBe("new");
  });

  test("row 13: a delete that was missed reaches the reconciler as a key without an object", async () => {
    let watch: Exchange | undefined;
    const { reflector, server } = await reflect({
      lists: [list("1", widget("a", "1")), list("9")],
      watches: [(exchange) => (watch = exchange)],
    });
    const seen: [key: string, object: Widget | undefined][] = [];
    const { log } = capturedLog();
    const reconcile = async (key: string): Promise<void> => void seen.push([key, reflector.store.get(key)]);
    const controller = new Controller({ name: "t", log, reconcile });
    controller.watch(reflector);
    const stop = new AbortController();
    const running = controller.run(stop.signal);
    await eventually(() => expect(seen).toHaveLength(1));
    await eventually(() => expect(watch).toBeDefined());
    watch?.status(410, "Expired");
    await eventually(() => expect(seen).toHaveLength(2));
    expect(seen).toEqual([
      ["demo/a", widget("a", "1")],
      ["demo/a", undefined],
    ]);
    await eventually(() => expect(server.watches).toHaveLength(2));
    stop.abort();
    await running;
  });

  test("row 14: an object has one shape, listed or watched: apiVersion, kind, times as text, no field renamed", async () => {
    const raw = {
      metadata: { name: "a", namespace: "demo", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
      spec: { from: [1], default: 2, continue: "3", ref: null },
    };
    // The API server leaves apiVersion and kind out of the items of built-in kinds' lists.
    const watched = { apiVersion: "example.dev/v1", kind: "Widget", ...raw };
    const shapes: (KubeObject | undefined)[] = [];
    const { reflector } = await reflect({
      lists: [list("1", raw as unknown as Widget)],
      watches: [events(["MODIFIED", watched])],
    });
    reflector.onChange((_, { current }) => shapes.push(current));
    await eventually(() => expect(shapes).toHaveLength(2));
    expect(shapes).toEqual([watched, watched]);
  });

  test("row 15: it lists in pages, without resourceVersion, and is synced only after the last", async () => {
    let lastPage: Exchange | undefined;
    const { server, reflector } = await reflect({
      lists: [
        (exchange) => {
          exchange.json(200, widgetList("7", [widget("a", "1")], "next"));
        },
        (exchange) => {
          lastPage = exchange;
        },
      ],
      watches: [],
    });
    await eventually(() => expect(lastPage).toBeDefined());
    expect([reflector.synced, reflector.store.size]).toEqual([false, 0]);
    lastPage?.json(200, widgetList("7", [widget("b", "2")]));
    await eventually(() => expect(server.watches).toHaveLength(1));
    expect(reflector.synced).toBe(true);
    expect(reflector.store.list().map((item) => item.metadata.name)).toEqual(["a", "b"]);
    expect(server.lists.map((seen) => [seen.path, seen.query.toString()])).toEqual([
      [widgetsPath, "limit=500"],
      [widgetsPath, "limit=500&continue=next"],
    ]);
    expect(server.watches[0]?.query.get("resourceVersion")).toBe("7");
  });

  test("row 15: what selects goes out with every page and the watch alike", async () => {
    const { server } = await reflect(
      {
        lists: [
          (exchange) => {
            exchange.json(200, widgetList("1", [], "next"));
          },
          list("1"),
        ],
        watches: [],
      },
      { namespace: "demo", labelSelector: "a=b", fieldSelector: "metadata.name=x" },
    );
    await eventually(() => expect(server.watches).toHaveLength(1));
    for (const { path, query } of server.seen) {
      expect([path, query.get("labelSelector"), query.get("fieldSelector")]).toEqual([
        "/apis/example.dev/v1/namespaces/demo/widgets",
        "a=b",
        "metadata.name=x",
      ]);
    }
    expect(server.seen).toHaveLength(3);
  });
});

describe("times", () => {
  const sixDecimals = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

  test.each<[string, unknown]>([
    ["none", undefined],
    ["null", null],
    ["three decimals", "2026-01-01T00:00:00.123Z"],
    ["a century ahead", "2126-01-01T00:00:00.000000Z"],
    ["no time at all", "soon"],
  ])(
    "row 17: a lease with %s in its times is taken when it is free, and written with six decimals",
    async (_, time) => {
      const stored = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { namespace: "n", name: "l", resourceVersion: "1" },
        spec: { holderIdentity: "", renewTime: time, acquireTime: time },
      };
      const server = await serve((exchange) => {
        exchange.json(200, exchange.seen.method === "GET" ? stored : JSON.parse(exchange.seen.body));
      });
      const elector = electorOf(server);
      expect(await elector.start()).toBe(1);
      const { spec } = JSON.parse(server.seen.find((seen) => seen.method === "PUT")?.body ?? "") as Lease;
      expect([spec?.acquireTime, spec?.renewTime]).toEqual([
        expect.stringMatching(sixDecimals),
        expect.stringMatching(sixDecimals),
      ]);
    },
  );

  test("row 17: an event's times are written with six decimals", async () => {
    const { server, client } = await clientOf((exchange) => {
      exchange.json(201, {});
    });
    const { log } = capturedLog();
    const recorder = new EventRecorder({ client, reportingController: "t", reportingInstance: "t", log });
    const event = { regarding: widget("a", "1"), type: "Normal", reason: "R", action: "A", note: "n" } as const;
    recorder.record(event);
    recorder.record(event);
    await recorder.flush();
    const [created, series] = server.seen.map((seen) => JSON.parse(seen.body) as Record<string, unknown>);
    expect(created?.["eventTime"]).toMatch(sixDecimals);
    expect(series?.["series"]).toEqual({ count: 2, lastObservedTime: expect.stringMatching(sixDecimals) });
  });
});

function electorOf(
  server: ScriptedServer,
  times: { leaseDurationMs?: number; renewDeadlineMs?: number; retryPeriodMs?: number } = {},
): LeaderElector {
  const { log } = capturedLog();
  const connection = server.connection();
  const elector = new LeaderElector({ connection, userAgent: "t", namespace: "n", name: "l", log, ...times });
  cleanups.push(() => elector.stop());
  return elector;
}

/** A proxy that makes tunnels (CONNECT), and sees what a proxy can see. */
class TunnelProxy {
  readonly targets: string[] = [];
  readonly heads: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((request, response) => {
      this.targets.push(request.url ?? "");
      response.writeHead(501).end();
    });
    this.#server.on("connect", (request, near: Socket) => {
      this.targets.push(request.url ?? "");
      this.heads.push(JSON.stringify(request.headers));
      const { hostname, port } = new URL(`http://${request.url}`);
      const far = connect(Number(port), hostname, () => {
        near.write("HTTP/1.1 200 Connection established\r\n\r\n");
        near.pipe(far).pipe(near);
      });
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
      }
    });
  }

  static async start(): Promise<TunnelProxy> {
    const proxy = new TunnelProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => {
      for (const socket of proxy.#sockets) socket.destroy();
      proxy.#server.close();
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
}
