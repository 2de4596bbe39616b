import { afterEach, describe, expect, test } from "vitest";
import {
  Controller,
  type ControllerOptions,
  createMetrics,
  KubeApiError,
  KubeClient,
  type Leadership,
  Reflector,
  TerminalError,
} from "../src/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { capturedLog, type Widget, widget, widgetList, widgets } from "./objects.ts";
import { eventually, ScriptedServer } from "./scripted-server.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

interface Started {
  readonly controller: Controller;
  readonly stop: AbortController;
  readonly done: Promise<void>;
  readonly lines: Record<string, unknown>[];
  isDone: boolean;
}

function start(
  options: Partial<ControllerOptions> & Pick<ControllerOptions, "reconcile">,
  leadership?: Leadership,
): Started {
  const { log, lines } = capturedLog();
  const controller = new Controller({ name: "test", log, jitter: () => 1, ...options });
  const stop = new AbortController();
  const done = controller.run(stop.signal, leadership);
  const started: Started = { controller, stop, done, lines, isDone: false };
  void done.then(() => (started.isDone = true));
  cleanups.push(() => {
    stop.abort();
  });
  return started;
}

const flow = (): Promise<void> => new Promise(setImmediate);

describe("outcomes", () => {
  const conflict = new KubeApiError({ code: 409, reason: "Conflict", message: "m", request: "PUT /x" });
  const busy = new KubeApiError({
    code: 429,
    reason: "TooManyRequests",
    message: "m",
    request: "PUT /x",
    retryAfterMs: 9_000,
  });

  test.each<
    [string, () => Promise<{ requeueAfterMs?: number } | void>, string, number | undefined, string | undefined]
  >([
    ["success is not repeated", async () => {}, "success", undefined, undefined],
    ["an empty result is a success", async () => ({}), "success", undefined, undefined],
    [
      "requeueAfterMs brings the key back then",
      async () => ({ requeueAfterMs: 60_000 }),
      "requeue_after",
      60_000,
      undefined,
    ],
    [
      "a failure is tried again after 5 ms",
      () => Promise.reject(new Error("down")),
      "error",
      5,
      "failed: trying again",
    ],
    [
      "a conflict is tried again without alarm",
      () => Promise.reject(conflict),
      "error",
      5,
      "the object changed meanwhile: looking again",
    ],
    ["Retry-After holds the retry back", () => Promise.reject(busy), "error", 9_000, "failed: trying again"],
    [
      "a terminal error is not tried again",
      () => Promise.reject(new TerminalError("bad")),
      "error",
      undefined,
      "failed for good",
    ],
  ])("%s", async (_, reconcile, result, nextMs, message) => {
    const clock = new ManualClock();
    const metrics = createMetrics();
    let calls = 0;
    const { controller, lines } = start({
      clock,
      metrics,
      reconcile: () => {
        calls += 1;
        return reconcile();
      },
    });
    controller.enqueue("demo/a");
    await eventually(async () => {
      const text = await metrics.registry.getSingleMetricAsString("controller_runtime_reconcile_total");
      expect(text).toContain(`{controller="test",result="${result}"} 1`);
    });
    await flow();
    expect(clock.nextTimerMs).toBe(nextMs);
    expect(lines.map((line) => line["msg"])).toEqual(["working", ...(message === undefined ? [] : [message])]);
    if (nextMs === undefined) return;
    clock.advance(nextMs);
    await eventually(() => expect(calls).toBe(2));
  });

  test("a log line of a failure names controller, namespace, name, reconcileId and error", async () => {
    const { controller, lines } = start({
      reconcile: () => Promise.reject(new TerminalError("bad", { code: "ERR_X" })),
    });
    controller.enqueue("demo/a");
    await eventually(() => expect(lines).toHaveLength(2));
    expect(lines[1]).toMatchObject({
      controller: "test",
      namespace: "demo",
      name: "a",
      reconcileId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      err: { type: "TerminalError", code: "ERR_X", message: "bad" },
    });
  });

  test("delays grow with failures in a row and begin anew after a success", async () => {
    const clock = new ManualClock();
    const answers = [true, true, true, false, true];
    const delays: (number | undefined)[] = [];
    let calls = 0;
    const { controller } = start({
      clock,
      reconcile: async () => {
        calls += 1;
        if (answers[calls - 1]) throw new Error("down");
      },
    });
    controller.enqueue("a");
    for (let turn = 1; turn <= answers.length; turn += 1) {
      await eventually(() => expect(calls).toBe(turn));
      await flow();
      delays.push(clock.nextTimerMs);
      if (clock.nextTimerMs === undefined) controller.enqueue("a");
      else clock.advance(clock.nextTimerMs);
    }
    expect(delays).toEqual([5, 10, 20, undefined, 5]);
  });

  test("metrics begin at 0 and follow the workers", async () => {
    const metrics = createMetrics();
    const gate = Promise.withResolvers<void>();
    const { controller } = start({ metrics, workers: 2, reconcile: () => gate.promise });
    const text = (): Promise<string> => metrics.registry.metrics();
    expect(await text()).toContain('controller_runtime_reconcile_errors_total{controller="test"} 0');
    expect(await text()).toContain('controller_runtime_reconcile_total{controller="test",result="requeue_after"} 0');
    expect(await text()).toContain('controller_runtime_max_concurrent_reconciles{controller="test"} 2');
    for (const key of ["a", "b", "c"]) controller.enqueue(key);
    await eventually(async () =>
      expect(await text()).toContain('controller_runtime_active_workers{controller="test"} 2'),
    );
    gate.resolve();
    await eventually(async () =>
      expect(await text()).toContain('controller_runtime_active_workers{controller="test"} 0'),
    );
    expect(await text()).toContain('controller_runtime_reconcile_time_seconds_count{controller="test"} 3');
  });
});

test("one namespace with 5,000 keys does not delay another's first by more than the workers have in hand", async () => {
  const order: string[] = [];
  const { controller } = start({
    groupOf: (key) => key.split("/").slice(0, 1),
    reconcile: async (key) => {
      order.push(key);
      if (order.length === 100) controller.enqueue("calm/1");
    },
  });
  for (let index = 0; index < 5_000; index += 1) controller.enqueue(`busy/${index}`);
  await eventually(() => expect(order).toHaveLength(5_001));
  expect(order.indexOf("calm/1")).toBeLessThan(100 + 2 * 4);
});

describe("watches", () => {
  async function reflectors(): Promise<{
    server: ScriptedServer;
    first: Reflector<Widget>;
    second: Reflector<Widget>;
    readonly release: () => void;
  }> {
    const gate = Promise.withResolvers<void>();
    const server = await ScriptedServer.start((exchange) => {
      if (exchange.seen.isWatch) {
        exchange.write();
      } else if (exchange.seen.path.endsWith("/widgets")) {
        exchange.json(200, widgetList("1", [widget("a", "1", { spec: { owner: "x" } })]));
      } else {
        void gate.promise.then(() => {
          exchange.json(200, widgetList("1", [widget("x", "1")]));
        });
      }
    });
    const client = new KubeClient(server.connection(), { userAgent: "t" });
    const { log } = capturedLog();
    const first = new Reflector<Widget>({
      client,
      type: widgets,
      log,
      indexes: { owner: (object) => [object.spec?.owner ?? ""] },
    });
    const second = new Reflector<Widget>({ client, type: { ...widgets, plural: "owners" }, log });
    const stop = new AbortController();
    const running = [first.run(stop.signal), second.run(stop.signal)];
    cleanups.push(async () => {
      stop.abort();
      await Promise.all(running);
      await client.close();
      await server.close();
    });
    return { server, first, second, release: gate.resolve };
  }

  test("no worker begins before every reflector is synced", async () => {
    const { first, second, release } = await reflectors();
    const keys: string[] = [];
    const { log } = capturedLog();
    const controller = new Controller({ name: "t", log, reconcile: async (key) => void keys.push(key) });
    controller.watch(first);
    controller.watch(second);
    const stop = new AbortController();
    const done = controller.run(stop.signal);
    await eventually(() => expect(first.synced).toBe(true));
    await flow();
    expect(keys).toEqual([]);
    release();
    await eventually(() => expect(keys).toEqual(["demo/a", "demo/x"]));
    stop.abort();
    await done;
  });

  test("a change is mapped to the keys that it has a bearing on", async () => {
    const { server, first, second, release } = await reflectors();
    release();
    await eventually(() => expect(second.synced && first.synced).toBe(true));
    const keys: string[] = [];
    const { controller } = start({ reconcile: async (key) => void keys.push(key) });
    controller.watch(second, (_, { current }) =>
      first.store.byIndex("owner", current?.metadata.name ?? "").map((object) => `demo/${object.metadata.name}`),
    );
    await eventually(() => expect(keys).toEqual(["demo/a"]));
    const watch = await eventually(() => {
      const found = server.exchanges.find((exchange) => exchange.seen.isWatch && exchange.seen.path.endsWith("owners"));
      expect(found).toBeDefined();
      return found;
    });
    watch?.event("MODIFIED", widget("x", "2"));
    await eventually(() => expect(keys).toEqual(["demo/a", "demo/a"]));
  });
});

describe("stop", () => {
  test("finishes what runs and what is ready, takes nothing new, and leaves the signal alone", async () => {
    const gate = Promise.withResolvers<void>();
    const finished: string[] = [];
    let wasAborted = false;
    const { controller, stop, done } = start({
      workers: 1,
      reconcile: async (key, signal) => {
        await gate.promise;
        wasAborted ||= signal.aborted;
        finished.push(key);
        return { requeueAfterMs: 1 };
      },
    });
    controller.enqueue("running");
    controller.enqueue("ready");
    await flow();
    stop.abort();
    controller.enqueue("late");
    gate.resolve();
    await done;
    expect(finished).toEqual(["running", "ready"]);
    expect(wasAborted).toBe(false);
  });

  test("after 20 s tells reconciles to give up, drops ready keys and still waits for the running ones", async () => {
    const clock = new ManualClock();
    const gate = Promise.withResolvers<void>();
    const seen: [string, boolean][] = [];
    const started = start({
      clock,
      workers: 1,
      reconcile: async (key, signal) => {
        await gate.promise;
        seen.push([key, signal.aborted]);
      },
    });
    started.controller.enqueue("running");
    started.controller.enqueue("ready");
    await flow();
    started.stop.abort();
    clock.advance(19_999);
    expect(clock.timers).toBe(1);
    clock.advance(1);
    await flow();
    expect(started.isDone).toBe(false);
    gate.resolve();
    await started.done;
    expect(seen).toEqual([["running", true]]);
  });

  test("a lost lease tells running reconciles at once", async () => {
    const lost = new AbortController();
    let wasAborted = false;
    const { controller, done } = start(
      {
        reconcile: (_, signal) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => {
              wasAborted = true;
              resolve();
            });
          }),
      },
      { isLeader: true, lost: lost.signal },
    );
    controller.enqueue("a");
    await flow();
    lost.abort();
    await done;
    expect(wasAborted).toBe(true);
  });

  test("a leader that was paused starts nothing more, before anything has told it that the lease is lost", async () => {
    const gate = Promise.withResolvers<void>();
    const leadership = { isLeader: true, lost: new AbortController().signal };
    const seen: [string, boolean][] = [];
    const { controller, done } = start(
      {
        workers: 1,
        reconcile: async (key, signal) => {
          await gate.promise;
          seen.push([key, signal.aborted]);
        },
      },
      leadership,
    );
    for (const key of ["running", "ready", "ready too"]) controller.enqueue(key);
    await flow();
    leadership.isLeader = false;
    gate.resolve();
    await done;
    expect(seen).toEqual([["running", false]]);
  });

  test("before the first sync ends without a reconcile", async () => {
    const { log } = capturedLog();
    let calls = 0;
    const controller = new Controller({ name: "t", log, reconcile: async () => void (calls += 1) });
    const server = await ScriptedServer.start();
    cleanups.push(() => server.close());
    const client = new KubeClient(server.connection(), { userAgent: "t" });
    controller.watch(new Reflector({ client, type: widgets, log }));
    controller.enqueue("a");
    const stop = new AbortController();
    const done = controller.run(stop.signal);
    stop.abort();
    await done;
    expect(calls).toBe(0);
    await client.close();
  });
});
