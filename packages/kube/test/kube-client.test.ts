import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  createMetrics,
  isAlreadyExists,
  isConflict,
  isExpired,
  isNotFound,
  isOutcomeUnknown,
  KubeApiError,
  KubeClient,
  type KubeClientOptions,
  KubeConnectionError,
} from "../src/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { type Widget, widget, widgetList, widgets } from "./objects.ts";
import { eventually, ScriptedServer, type Step } from "./scripted-server.ts";

let server: ScriptedServer;
let client: KubeClient;

function connect(options: Partial<KubeClientOptions> = {}): KubeClient {
  return new KubeClient(server.connection({ headers: { Authorization: "Bearer s3cret-token" } }), {
    userAgent: "capstan-test/1",
    requestTimeoutMs: 5_000,
    ...options,
  });
}

beforeEach(async () => {
  server = await ScriptedServer.start((exchange) => {
    exchange.json(200, widget("a", "1"));
  });
  client = connect();
});

afterEach(async () => {
  await client.close();
  await server.close();
});

const ref = { namespace: "demo", name: "a" };

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("did not fail");
    },
    (error: unknown) => error,
  );
}

describe("on the wire", () => {
  test.each<[string, () => Promise<unknown>, { method: string; target: string; type?: string; body?: unknown }]>([
    [
      "get",
      () => client.get(widgets, ref),
      { method: "GET", target: "/apis/example.dev/v1/namespaces/demo/widgets/a" },
    ],
    [
      "create",
      () => client.create<Widget>(widgets, widget("a", "")),
      {
        method: "POST",
        target: "/apis/example.dev/v1/namespaces/demo/widgets",
        type: "application/json",
        body: widget("a", ""),
      },
    ],
    [
      "replace",
      () => client.replace(widgets, widget("a", "7")),
      {
        method: "PUT",
        target: "/apis/example.dev/v1/namespaces/demo/widgets/a",
        type: "application/json",
        body: widget("a", "7"),
      },
    ],
    [
      "replace of a subresource",
      () => client.replace(widgets, widget("a", "7"), { subresource: "status" }),
      {
        method: "PUT",
        target: "/apis/example.dev/v1/namespaces/demo/widgets/a/status",
        type: "application/json",
        body: widget("a", "7"),
      },
    ],
    [
      "apply without force",
      () => client.apply(widgets, widget("a", "7"), { fieldManager: "capstan" }),
      {
        method: "PATCH",
        target: "/apis/example.dev/v1/namespaces/demo/widgets/a?fieldManager=capstan",
        type: "application/apply-patch+yaml",
        body: widget("a", "7"),
      },
    ],
    [
      "delete with preconditions",
      () => client.delete(widgets, ref, { uid: "u", resourceVersion: "7" }),
      {
        method: "DELETE",
        target: "/apis/example.dev/v1/namespaces/demo/widgets/a",
        type: "application/json",
        body: { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid: "u", resourceVersion: "7" } },
      },
    ],
    [
      "a table",
      () =>
        client.request({ method: "GET", path: "/api/v1/pods", accept: "application/json;as=Table;v=v1;g=meta.k8s.io" }),
      { method: "GET", target: "/api/v1/pods" },
    ],
    [
      "the core group, a name with capitals and colons",
      () =>
        client.get(
          { group: "", version: "v1", plural: "things", kind: "Thing", namespaced: false },
          { name: "system:A" },
        ),
      { method: "GET", target: "/api/v1/things/system%3AA" },
    ],
  ])("%s", async (_, call, expected) => {
    await call();
    const [seen] = server.seen;
    const query = seen?.query.toString() ?? "";
    expect({
      method: seen?.method,
      target: `${seen?.path}${query === "" ? "" : `?${query}`}`,
      type: seen?.headers["content-type"],
      body: seen?.body === "" ? undefined : JSON.parse(seen?.body ?? ""),
    }).toEqual({ type: undefined, body: undefined, ...expected });
    expect(seen?.headers["user-agent"]).toBe("capstan-test/1");
    expect(seen?.headers.authorization).toBe("Bearer s3cret-token");
  });

  test("as=Table asks for a table", async () => {
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    await client.request({ method: "GET", path: "/api/v1/pods", accept });
    expect(server.seen[0]?.headers.accept).toBe(accept);
  });

  test.each([
    [false, "application/json"],
    [true, "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"],
  ])("an apply with metadataOnly %s asks for %s", async (metadataOnly, accept) => {
    await client.apply(widgets, widget("a", "7"), { fieldManager: "capstan", metadataOnly });
    expect(server.seen[0]?.headers.accept).toBe(accept);
  });

  test.each<[string, () => unknown]>([
    ["a namespaced kind without namespace", () => client.get(widgets, { name: "a" })],
    ["create without namespace", () => client.create(widgets, { ...widget("a", ""), metadata: { name: "a" } })],
    ["a namespace for a cluster-scoped kind", () => client.get({ ...widgets, namespaced: false }, ref)],
    ["replace without resourceVersion", () => client.replace(widgets, { ...widget("a", ""), metadata: ref })],
    ["a name that leaves its path", () => client.get(widgets, { namespace: "demo", name: "../../secrets" })],
    ["an empty name", () => client.get(widgets, { namespace: "demo", name: "" })],
    ["a namespace of dots", () => client.get(widgets, { namespace: "..", name: "a" })],
  ])("%s is refused before anything is sent", (_, call) => {
    expect(call).toThrow(TypeError);
    expect(server.seen).toEqual([]);
  });
});

describe("errors", () => {
  const status =
    (code: number, reason: string, headers: Record<string, string> = {}): Step =>
    (exchange) => {
      exchange.status(code, reason, headers);
    };

  test.each<[number, string, string[]]>([
    [400, "BadRequest", []],
    [401, "Unauthorized", []],
    [403, "Forbidden", []],
    [404, "NotFound", ["isNotFound"]],
    [409, "Conflict", ["isConflict"]],
    [409, "AlreadyExists", ["isAlreadyExists"]],
    [410, "Expired", ["isExpired"]],
    [422, "Invalid", []],
    [429, "TooManyRequests", []],
    [500, "InternalError", ["isOutcomeUnknown"]],
    [503, "ServiceUnavailable", ["isOutcomeUnknown"]],
    [504, "Timeout", ["isOutcomeUnknown"]],
  ])("%i %s on a status apply", async (code, reason, facts) => {
    server.handle = status(code, reason);
    const error = await failure(client.apply(widgets, widget("a", "7"), { fieldManager: "x", subresource: "status" }));
    expect(error).toBeInstanceOf(KubeApiError);
    expect(error).toMatchObject({ code, reason, retryAfterMs: undefined });
    const predicates = { isNotFound, isConflict, isAlreadyExists, isExpired, isOutcomeUnknown };
    const holding = Object.entries(predicates).filter(([, predicate]) => predicate(error));
    expect(holding.map(([name]) => name)).toEqual(facts);
    expect(server.seen).toHaveLength(1);
  });

  test("the message is one line with neither headers nor body nor token", async () => {
    server.handle = status(403, "Forbidden", { "x-secret": "header-value" });
    const error = await failure(client.create<Widget>(widgets, widget("a", "", { spec: { owner: "body-value" } })));
    expect(String(error)).toBe(
      "KubeApiError: POST /apis/example.dev/v1/namespaces/demo/widgets: 403 Forbidden: scripted Forbidden",
    );
    expect(JSON.stringify(error)).not.toMatch(/header-value|body-value|s3cret/);
  });

  test("a proxy's page instead of a status says no more than its code", async () => {
    server.handle = (exchange) => {
      exchange.json(502, "<html>internal host names</html>");
    };
    expect(String(await failure(client.get(widgets, ref)))).toMatch(/: 502 Unknown: the answer held no message$/);
  });

  test("a long validation message is cut", async () => {
    server.handle = (exchange) => {
      exchange.json(422, { reason: "Invalid", message: "x".repeat(100_000) });
    };
    expect(String(await failure(client.get(widgets, ref))).length).toBeLessThan(1_200);
  });

  test("getOrUndefined takes 404 for an answer and nothing else", async () => {
    server.handle = status(404, "NotFound");
    expect(await client.getOrUndefined(widgets, ref)).toBeUndefined();
    server.handle = status(403, "Forbidden");
    expect(await failure(client.getOrUndefined(widgets, ref))).toMatchObject({ code: 403 });
  });

  test.each<[string, Step, string]>([
    [
      "a reset",
      (exchange) => {
        exchange.reset();
      },
      "ERR_KUBE_CONNECTION",
    ],
    [
      "a reset within the answer",
      (exchange) => {
        exchange.write('{"kind"');
        setTimeout(() => {
          exchange.reset();
        }, 20);
      },
      "ERR_KUBE_CONNECTION",
    ],
    [
      "an answer that is not JSON",
      (exchange) => {
        exchange.write("hello");
        exchange.end();
      },
      "ERR_KUBE_PROTOCOL",
    ],
    ["silence", () => {}, "ERR_KUBE_TIMEOUT"],
    [
      "silence after the headers",
      (exchange) => {
        exchange.write();
      },
      "ERR_KUBE_TIMEOUT",
    ],
  ])("%s leaves the outcome unknown", async (_, step, code) => {
    server.handle = step;
    // Two seconds are for silence: on a busy machine the others may take longer.
    const hasty = connect(code === "ERR_KUBE_TIMEOUT" ? { requestTimeoutMs: 2_000 } : {});
    const error = await failure(hasty.create<Widget>(widgets, widget("a", "")));
    await hasty.close();
    expect(error).toBeInstanceOf(KubeConnectionError);
    expect(error).toMatchObject({ code });
    expect(isOutcomeUnknown(error)).toBe(true);
    expect(server.seen).toHaveLength(1);
  });

  test("a server that is not there is one error that names it", async () => {
    const closed = await ScriptedServer.start();
    const nobody = new KubeClient(closed.connection(), { userAgent: "x" });
    await closed.close();
    expect(await failure(nobody.get(widgets, ref))).toMatchObject({
      code: "ERR_KUBE_CONNECTION",
      message: "GET /apis/example.dev/v1/namespaces/demo/widgets/a: ECONNREFUSED",
    });
    await nobody.close();
  });

  test("an abort ends the call with the signal's reason, sent or not", async () => {
    server.handle = () => {};
    const controller = new AbortController();
    const call = failure(client.get(widgets, ref, { signal: controller.signal }));
    await eventually(() => expect(server.seen).toHaveLength(1));
    controller.abort(new Error("no longer wanted"));
    expect(await call).toMatchObject({ message: "no longer wanted" });
    await eventually(() => expect(server.exchanges[0]?.isClosed).toBe(true));
    expect(await failure(client.get(widgets, ref, { signal: controller.signal }))).toMatchObject({
      message: "no longer wanted",
    });
    expect(server.seen).toHaveLength(1);
  });

  test("a stream that nobody reads may be aborted", async () => {
    server.handle = (exchange) => {
      exchange.write("x");
    };
    const controller = new AbortController();
    await client.stream({ path: "/api/v1/pods", signal: controller.signal });
    await new Promise(setImmediate);
    controller.abort(new Error("no longer wanted"));
    // An unhandled "error" of the body would fail the run.
    await eventually(() => expect(server.exchanges[0]?.isClosed).toBe(true));
  });

  test("no credentials means that nothing was sent", async () => {
    const connection = {
      ...server.connection(),
      credentials: () => Promise.reject(new KubeConnectionError("ERR_KUBE_CREDENTIALS", "no token")),
    };
    const locked = new KubeClient(connection, { userAgent: "x" });
    const error = await failure(locked.create<Widget>(widgets, widget("a", "")));
    expect(isOutcomeUnknown(error)).toBe(false);
    expect(server.seen).toEqual([]);
    await locked.close();
  });
});

describe("Retry-After", () => {
  const busy: Step = (exchange) => {
    exchange.status(429, "TooManyRequests", { "retry-after": "4" });
  };
  const ok: Step = (exchange) => {
    exchange.json(200, widget("a", "1"));
  };

  test.each<[string, Step]>([
    ["429", busy],
    [
      "503",
      (exchange) => {
        exchange.status(503, "ServiceUnavailable", { "retry-after": "4" });
      },
    ],
    [
      "429 with the seconds in the status",
      (exchange) => {
        exchange.json(429, { reason: "TooManyRequests", details: { retryAfterSeconds: 4 } });
      },
    ],
  ])("%s is waited out", async (_, step) => {
    const clock = new ManualClock();
    const patient = connect({ clock });
    const script = [step, ok];
    server.handle = (exchange) => script.shift()?.(exchange);
    const call = patient.get(widgets, ref);
    await eventually(() => expect(clock.nextTimerMs).toBe(4_000));
    expect(server.seen).toHaveLength(1);
    clock.advance(4_000);
    expect(await call).toEqual(widget("a", "1"));
    await patient.close();
  });

  test("is not waited for by a call that has no time for it", async () => {
    server.handle = busy;
    const call = client.request({ method: "GET", path: "/version", retryAfterBudgetMs: 0 });
    expect(await failure(call)).toMatchObject({ code: 429, retryAfterMs: 4_000 });
    expect(server.seen).toHaveLength(1);
  });

  test("is waited for no longer than the budget in sum", async () => {
    const clock = new ManualClock();
    const patient = connect({ clock });
    server.handle = busy;
    const call = failure(patient.get(widgets, ref));
    for (let waits = 1; waits <= 2; waits += 1) {
      await eventually(() => expect(clock.timers).toBe(1));
      clock.advance(4_000);
    }
    expect(await call).toMatchObject({ code: 429, retryAfterMs: 4_000 });
    expect(server.seen).toHaveLength(3);
    await patient.close();
  });

  test.each<[string, Step]>([
    [
      "500",
      (exchange) => {
        exchange.status(500, "InternalError", { "retry-after": "1" });
      },
    ],
    [
      "409",
      (exchange) => {
        exchange.status(409, "Conflict", { "retry-after": "1" });
      },
    ],
    [
      "429 without it",
      (exchange) => {
        exchange.status(429, "TooManyRequests");
      },
    ],
    [
      "429 with a date",
      (exchange) => {
        exchange.status(429, "TooManyRequests", { "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" });
      },
    ],
  ])("%s is passed on", async (_, step) => {
    server.handle = step;
    await failure(client.get(widgets, ref));
    expect(server.seen).toHaveLength(1);
  });
});

test("calls are not slowed down by the client: 300 at once are all on their way before the first is answered", async () => {
  const clock = new ManualClock();
  const eager = connect({ clock });
  server.handle = () => {};
  const calls = Array.from({ length: 300 }, () => eager.get(widgets, ref));
  await eventually(() => expect(server.seen).toHaveLength(300));
  expect(clock.timers).toBe(0);
  for (const exchange of server.exchanges) exchange.json(200, widget("a", "1"));
  await Promise.all(calls);
  await eager.close();
});

describe("list", () => {
  test("listAll follows the pages of one snapshot", async () => {
    server.handle = (exchange) => {
      const isFirst = exchange.seen.query.get("continue") === null;
      exchange.json(200, isFirst ? widgetList("7", [widget("a", "1")], "t") : widgetList("7", [widget("b", "2")]));
    };
    const all = await client.listAll<Widget>(widgets, { namespace: "demo", labelSelector: "x=y" });
    expect(all.items.map((item) => item.metadata.name)).toEqual(["a", "b"]);
    expect(server.seen.map((seen) => seen.query.toString())).toEqual([
      "labelSelector=x%3Dy&limit=500",
      "labelSelector=x%3Dy&limit=500&continue=t",
    ]);
  });

  test.each<[string, unknown]>([
    ["an object", widget("a", "1")],
    ["items without metadata", { items: [] }],
    ["items that are none", { metadata: { resourceVersion: "1" }, items: null }],
  ])("%s is not taken for a list", async (_, answer) => {
    server.handle = (exchange) => {
      exchange.json(200, answer);
    };
    expect(await failure(client.list(widgets))).toMatchObject({ code: "ERR_KUBE_PROTOCOL" });
  });
});

test("requests are counted by code and method, beginning at 0", async () => {
  const metrics = createMetrics();
  const counted = connect({ metrics });
  await counted.get(widgets, ref);
  server.handle = (exchange) => exchange.reset();
  await failure(counted.create<Widget>(widgets, widget("a", "")));
  await counted.close();
  const text = await metrics.registry.getSingleMetricAsString("rest_client_requests_total");
  expect(text).toContain('rest_client_requests_total{code="200",method="GET"} 1');
  expect(text).toContain('rest_client_requests_total{code="<error>",method="POST"} 1');
  expect(text).toContain('rest_client_requests_total{code="200",method="WATCH"} 0');
});

describe("the server's clock", () => {
  const date = "Sun, 22 Nov 2026 03:00:00 GMT";
  const said = Date.parse(date);

  test("is-not-known-before-the-first-answer", () => {
    expect(client.serverNow(60_000)).toBeUndefined();
  });

  test.each<[fact: string, code: number]>([
    ["a-success", 200],
    ["a-refusal", 404],
  ])("is-the-date-of-%s-and-what-has-passed-since", async (_fact, code) => {
    const clock = new ManualClock();
    client = connect({ clock });
    server.handle = (exchange) => exchange.json(code, widget("a", "1"), { date });
    await client.getOrUndefined(widgets, ref);
    expect(client.serverNow(60_000)).toBe(said);
    clock.advance(30_000);
    expect(client.serverNow(60_000)).toBe(said + 30_000);
    clock.advance(30_001);
    expect(client.serverNow(60_000)).toBeUndefined();
  });

  test("stays-as-it-was-after-an-answer-that-tells-none", async () => {
    const clock = new ManualClock();
    client = connect({ clock });
    server.handle = (exchange) => exchange.json(200, widget("a", "1"), { date });
    await client.get(widgets, ref);
    server.handle = (exchange) => exchange.json(200, widget("a", "1"), { date: "some day" });
    await client.get(widgets, ref);
    expect(client.serverNow(60_000)).toBe(said);
  });
});
