import { afterEach, beforeEach, expect, test } from "vitest";
import { type EventInput, EventRecorder, KubeClient } from "../src/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { capturedLog, widget } from "./objects.ts";
import { ScriptedServer } from "./scripted-server.ts";

let server: ScriptedServer;
let client: KubeClient;
let clock: ManualClock;
let events: EventRecorder;
let lines: Record<string, unknown>[];

beforeEach(async () => {
  server = await ScriptedServer.start((exchange) => {
    exchange.json(exchange.seen.method === "POST" ? 201 : 200, { kind: "Event" });
  });
  client = new KubeClient(server.connection(), { userAgent: "t", requestTimeoutMs: 5_000 });
  clock = new ManualClock();
  const captured = capturedLog();
  lines = captured.lines;
  events = new EventRecorder({
    client,
    reportingController: "capstan.dev/issuer",
    reportingInstance: `host-${"x".repeat(200)}`,
    log: captured.log,
    clock,
  });
});

afterEach(async () => {
  await events.flush();
  await client.close();
  await server.close();
});

const issued: EventInput = {
  regarding: widget("web", "7"),
  type: "Normal",
  reason: "Issued",
  action: "Sign",
  note: "serial 4f1c",
};

interface SentEvent {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly note: string;
  readonly [field: string]: unknown;
}

function sent(): SentEvent[] {
  return server.seen.map((seen) => JSON.parse(seen.body) as SentEvent);
}

test("an event is created beside its object with six decimals", async () => {
  events.record(issued);
  await events.flush();
  expect(server.seen.map((seen) => [seen.method, seen.path])).toEqual([
    ["POST", "/apis/events.k8s.io/v1/namespaces/demo/events"],
  ]);
  const [event] = sent();
  expect(event).toEqual({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { namespace: "demo", name: expect.stringMatching(/^web\.[0-9a-f]{16}$/) },
    eventTime: "2026-01-01T00:00:00.000000Z",
    reportingController: "capstan.dev/issuer",
    reportingInstance: `host-${"x".repeat(123)}`,
    action: "Sign",
    reason: "Issued",
    type: "Normal",
    regarding: {
      apiVersion: "example.dev/v1",
      kind: "Widget",
      name: "web",
      namespace: "demo",
      uid: "uid-web",
      resourceVersion: "7",
    },
    note: "serial 4f1c",
  });
});

test("an event about a cluster-scoped object goes to the default namespace", async () => {
  const { namespace: _, ...metadata } = widget("web", "7").metadata;
  events.record({ ...issued, regarding: { ...widget("web", "7"), metadata } });
  await events.flush();
  expect(server.seen[0]?.path).toBe("/apis/events.k8s.io/v1/namespaces/default/events");
});

test("what repeats is counted on the first event, written at the 2nd, 4th and 8th time", async () => {
  for (let times = 0; times < 9; times += 1) {
    events.record(issued);
    clock.advance(1_000);
  }
  await events.flush();
  const name = sent()[0]?.metadata.name;
  const patches = server.seen.slice(1);
  expect(patches.map((seen) => [seen.method, seen.path, seen.headers["content-type"]])).toEqual(
    patches.map(() => [
      "PATCH",
      `/apis/events.k8s.io/v1/namespaces/demo/events/${name}`,
      "application/merge-patch+json",
    ]),
  );
  const counts = sent()
    .slice(1)
    .map((body) => (body["series"] as { count: number }).count);
  expect(counts).toEqual([2, 4, 8]);
  expect(sent()[1]?.["series"]).toMatchObject({ lastObservedTime: expect.stringMatching(/\.\d{6}Z$/) });
});

test.each<[string, Partial<EventInput>]>([
  ["another note", { note: "other" }],
  ["another reason", { reason: "Refused" }],
  ["another type", { type: "Warning" }],
  ["another object of the same name", { regarding: widget("web", "7", { uid: "new" }) }],
])("%s is another event", async (_, other) => {
  events.record(issued);
  events.record({ ...issued, ...other });
  await events.flush();
  expect(server.seen.map((seen) => seen.method)).toEqual(["POST", "POST"]);
});

test("after six quiet minutes the same is a new event", async () => {
  events.record(issued);
  clock.advance(6 * 60_000 + 1);
  events.record(issued);
  await events.flush();
  expect(server.seen.map((seen) => seen.method)).toEqual(["POST", "POST"]);
});

test("a flood is cut to 25 at once and five a second", async () => {
  const flood = (): void => {
    for (let index = 0; index < 100; index += 1) events.record({ ...issued, note: `${index} ${clock.now()}` });
  };
  flood();
  await events.flush();
  expect(server.seen).toHaveLength(25);
  clock.advance(2_000);
  flood();
  await events.flush();
  expect(server.seen).toHaveLength(35);
});

test("a long note is cut at a character, within 1,024 bytes", async () => {
  events.record({ ...issued, note: "ö🦞".repeat(500) });
  await events.flush();
  const note = sent()[0]?.note ?? "";
  expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
  expect(note).toMatch(/^(ö🦞)+ö?…$/u);
});

test.each<[string, () => void]>([
  [
    "is refused",
    () => {
      server.handle = (exchange) => {
        exchange.status(403, "Forbidden");
      };
    },
  ],
  [
    "meets a reset",
    () => {
      server.handle = (exchange) => {
        exchange.reset();
      };
    },
  ],
])("an event that %s is a line in the log and no exception, and its repetition no request", async (_, arrange) => {
  arrange();
  events.record(issued);
  events.record(issued);
  await events.flush();
  expect(lines).toEqual([expect.objectContaining({ level: "warn", msg: "an event could not be written" })]);
  expect(server.seen).toHaveLength(1);
});

test("an object that cannot be sent does not throw either", async () => {
  events.record({ ...issued, regarding: { ...widget("web", "7"), metadata: { name: "web", namespace: "a/b" } } });
  await events.flush();
  expect(lines).toHaveLength(1);
  expect(server.seen).toEqual([]);
});
