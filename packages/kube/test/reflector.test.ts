import { describe, expect, test } from "vitest";
import { createMetrics } from "../src/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { bookmark, type Widget, widget, widgetList } from "./objects.ts";
import { events, list, reflect, refused } from "./reflector-fixture.ts";
import { eventually, type Exchange, type ScriptedServer, type Step } from "./scripted-server.ts";

const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };

describe("list", () => {
  test("a page that expired in between starts the list over", async () => {
    const { server, reflector } = await reflect({
      lists: [
        (exchange) => {
          exchange.json(200, widgetList("7", [widget("a", "1")], "next"));
        },
        refused(410, "Expired"),
        list("9", widget("b", "8")),
      ],
      watches: [],
    });
    await eventually(() => expect(reflector.synced).toBe(true));
    expect(server.lists.map((seen) => seen.query.get("continue"))).toEqual([null, "next", null]);
    expect(reflector.store.list().map((item) => item.metadata.name)).toEqual(["b"]);
  });

  const large = (name: string, characters: number): Widget =>
    widget(name, "1", { spec: { owner: "x".repeat(characters) } });
  const limits = (server: ScriptedServer): readonly (string | null)[] =>
    server.lists.map((seen) => seen.query.get("limit"));

  test("a page that is too large is not read to its end, but asked for in smaller parts, which grow again", async () => {
    const objects = Array.from({ length: 40 }, (_, index) => large(`w-${index}`, index < 6 ? 1_500_000 : 10));
    const page: Step = (exchange) => {
      const from = Number(exchange.seen.query.get("continue") ?? 0);
      const to = from + Number(exchange.seen.query.get("limit"));
      const items = objects.slice(from, to);
      exchange.json(200, widgetList("7", items, to < objects.length ? String(to) : undefined));
    };
    const { server, reflector, lines } = await reflect({ lists: Array.from({ length: 20 }, () => page), watches: [] });
    await eventually(() => expect(reflector.synced).toBe(true));
    expect(reflector.store.size).toBe(40);
    // Up to 7 each page would hold all six large ones.
    expect(limits(server)).toEqual(["500", "125", "31", "7", "1", "2", "4", "8", "16", "32"]);
    expect(lines).toEqual([]);
  });

  test("a server that is too slow for a whole page is asked for a smaller one the next time", async () => {
    const { server, reflector, lines } = await reflect(
      { lists: [() => {}, list("7", widget("a", "1"))], watches: [] },
      {},
      { requestTimeoutMs: 1_000 },
    );
    await eventually(() => expect(reflector.synced).toBe(true));
    expect(limits(server)).toEqual(["500", "125"]);
    expect(lines).toMatchObject([{ level: "warn", err: { code: "ERR_KUBE_TIMEOUT" } }]);
  });

  test("an object by itself may be as large as the server lets it be", async () => {
    const { reflector } = await reflect({
      lists: Array.from({ length: 5 }, () => list("7", large("a", 9_000_000))),
      watches: [],
    });
    await eventually(() => expect(reflector.synced).toBe(true));
  });
});

describe("watch", () => {
  test("added, modified and deleted objects reach the store and the listener", async () => {
    const { reflector, told } = await reflect({
      lists: [list("3", widget("a", "1"), widget("b", "2"))],
      watches: [events(["ADDED", widget("c", "4")], ["MODIFIED", widget("a", "5")], ["DELETED", widget("b", "6")])],
    });
    await eventually(() => expect(told).toHaveLength(5));
    expect(told).toEqual([
      ["demo/a", undefined, "1"],
      ["demo/b", undefined, "2"],
      ["demo/c", undefined, "4"],
      ["demo/a", "1", "5"],
      ["demo/b", "2", undefined],
    ]);
    expect(reflector.store.list().map((item) => item.metadata.name)).toEqual(["c", "a"]);
  });

  test.each<[string, Step[], string]>([
    [
      "an event",
      [
        (e) => {
          events(["ADDED", widget("a", "17")])(e);
          e.end();
        },
      ],
      "17",
    ],
    [
      "a bookmark",
      [
        (e) => {
          events(["BOOKMARK", bookmark("23")])(e);
          e.end();
        },
      ],
      "23",
    ],
    [
      "a reset after an event",
      [
        (e) => {
          events(["ADDED", widget("a", "17")])(e);
          setTimeout(() => {
            e.reset();
          }, 20);
        },
      ],
      "17",
    ],
    [
      "a stream that ends at once",
      [
        (e) => {
          e.end();
        },
      ],
      "1",
    ],
  ])("after %s it watches on from the last resourceVersion without a list", async (_, watches, expected) => {
    const { server } = await reflect({ lists: [list("1")], watches });
    await eventually(() => expect(server.watches).toHaveLength(2));
    expect(server.watches[1]?.query.get("resourceVersion")).toBe(expected);
    expect(server.lists).toHaveLength(1);
  });

  test.each<[string, Step]>([
    ["as status", refused(410, "Expired")],
    ["as ERROR event", events(["ERROR", gone])],
  ])("410 %s leads to a list, and what vanished meanwhile is told", async (_, expired) => {
    const { server, reflector, told } = await reflect({
      lists: [
        list("1", widget("kept", "1"), widget("lost", "1"), widget("changed", "1")),
        list("9", widget("kept", "1"), widget("changed", "8"), widget("new", "9")),
      ],
      watches: [expired],
    });
    await eventually(() => expect(server.watches).toHaveLength(2));
    expect(told.slice(3)).toEqual([
      ["demo/lost", "1", undefined],
      ["demo/changed", "1", "8"],
      ["demo/new", undefined, "9"],
    ]);
    expect(server.watches[1]?.query.get("resourceVersion")).toBe("9");
    expect(reflector.store.get("demo/lost")).toBeUndefined();
  });

  test("a line that stays unreadable is overcome by a list", async () => {
    const garbage: Step = (exchange) => {
      exchange.write("garbage\n");
    };
    const { server } = await reflect({ lists: [list("1"), list("5")], watches: [garbage, garbage] });
    await eventually(() => expect(server.watches).toHaveLength(3));
    expect(server.watches.map((seen) => seen.query.get("resourceVersion"))).toEqual(["1", "1", "5"]);
  });

  test("characters that lie across chunks arrive whole", async () => {
    const line = Buffer.from(
      `${JSON.stringify({ type: "ADDED", object: widget("a", "2", { spec: { owner: "Zoë 🦞" } }) })}\n`,
    );
    const { reflector } = await reflect({
      lists: [list("1")],
      watches: [
        async (exchange) => {
          for (const byte of line) {
            exchange.write(Uint8Array.of(byte));
            await new Promise(setImmediate);
          }
        },
      ],
    });
    await eventually(() => expect(reflector.store.get("demo/a")?.spec?.owner).toBe("Zoë 🦞"));
  });
});

describe("backoff", () => {
  test("doubles from 0.8 s to 30 s with full jitter and starts anew after two healthy minutes", async () => {
    const clock = new ManualClock();
    const { server } = await reflect(
      { lists: Array.from({ length: 20 }, () => refused(500, "InternalError")), watches: [] },
      { clock, jitter: () => 1 - Number.EPSILON },
    );
    const waits: number[] = [];
    for (let tries = 1; tries <= 8; tries += 1) {
      await eventually(() => expect(clock.timers).toBe(2)); // backoff and resync
      expect(server.lists).toHaveLength(tries);
      waits.push(Math.round(clock.nextTimerMs ?? 0));
      clock.advance(clock.nextTimerMs ?? 0);
    }
    expect(waits).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    clock.pause(120_001); // the ninth list fails that much later
    await eventually(() => expect(clock.timers).toBe(2));
    expect(Math.round(clock.nextTimerMs ?? 0)).toBe(800);
  });

  test("holds back a watch that the server ends at once, and not one that ends after a while", async () => {
    const clock = new ManualClock();
    const ends: Exchange[] = [];
    const open: Step = (exchange) => {
      exchange.write();
      ends.push(exchange);
    };
    const { server } = await reflect({ lists: [list("1")], watches: [open, open] }, { clock, jitter: () => 0.5 });
    await eventually(() => expect(clock.timers).toBe(2)); // idle and resync
    await eventually(() => expect(ends).toHaveLength(1));
    clock.pause(1_000);
    ends[0]?.end();
    await eventually(() => expect(ends).toHaveLength(2)); // no timer rang
    ends[1]?.end();
    await eventually(() => expect(clock.nextTimerMs).toBe(400));
    expect(server.watches).toHaveLength(2);
  });

  test("waits at least as long as Retry-After says", async () => {
    const clock = new ManualClock();
    await reflect(
      {
        lists: [
          (exchange) => {
            exchange.status(429, "TooManyRequests", { "retry-after": "7" });
          },
        ],
        watches: [],
      },
      { clock },
    );
    await eventually(() => expect(clock.nextTimerMs).toBe(7_000));
  });
});

describe("store", () => {
  test("resync tells every key again each ten hours and asks the server nothing", async () => {
    const clock = new ManualClock();
    const { server, told } = await reflect(
      { lists: [list("1", widget("a", "1"))], watches: [] },
      { clock, jitter: () => 0.5 },
    );
    await eventually(() => expect(server.watches).toHaveLength(1));
    expect(told).toHaveLength(1);
    server.exchanges.at(-1)?.write();
    const hour = 3_600_000;
    clock.pause(10 * hour);
    clock.advance(0);
    await eventually(() =>
      expect(told).toEqual([
        ["demo/a", undefined, "1"],
        ["demo/a", "1", "1"],
      ]),
    );
    expect(server.lists).toHaveLength(1);
  });

  test("indexes follow changes and deletions", async () => {
    const { server, reflector } = await reflect(
      {
        lists: [list("1", widget("a", "1", { spec: { owner: "x" } }), widget("b", "1", { spec: { owner: "x" } }))],
        watches: [],
      },
      { indexes: { owner: (object) => [object.spec?.owner ?? ""] } },
    );
    const names = (owner: string): string[] =>
      reflector.store.byIndex("owner", owner).map((item) => item.metadata.name);
    await eventually(() => expect(server.watches).toHaveLength(1));
    expect([names("x"), names("y")]).toEqual([["a", "b"], []]);
    server.exchanges.at(-1)?.event("MODIFIED", widget("a", "2", { spec: { owner: "y" } }));
    server.exchanges.at(-1)?.event("DELETED", widget("b", "3", { spec: { owner: "x" } }));
    await eventually(() => expect([names("x"), names("y")]).toEqual([[], ["a"]]));
    expect(() => reflector.store.byIndex("size", "1")).toThrow('there is no index "size"');
  });

  test("the age of the last sign of life is exported", async () => {
    const clock = new ManualClock();
    const metrics = createMetrics();
    const { server } = await reflect({ lists: [list("1")], watches: [] }, { clock, metrics });
    await eventually(() => expect(server.watches).toHaveLength(1));
    clock.pause(90_000);
    expect(await metrics.registry.getSingleMetricAsString("capstan_reflector_last_activity_seconds")).toContain(
      'capstan_reflector_last_activity_seconds{reflector="widgets.example.dev"} 90',
    );
  });
});
