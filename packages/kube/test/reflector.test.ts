import { describe, expect, test } from "vitest";
import { createMetrics, type ReflectorChange } from "../src/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { bookmark, widget, widgetList, type Widget, widgetsPath } from "./objects.ts";
import { events, list, reflect, refused } from "./reflector-fixture.ts";
import { eventually, type Exchange, type Step } from "./scripted-server.ts";

const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };

describe("list", () => {
  test("asks without resourceVersion in pages of 500 and is synced only after the last page", async () => {
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
    expect(reflector.synced).toBe(false);
    expect(reflector.store.size).toBe(0);
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

  test("a failed list does not count as an empty one", async () => {
    const { server, reflector, told } = await reflect({ lists: [refused(500, "InternalError")], watches: [] });
    await eventually(() => expect(server.lists).toHaveLength(2));
    expect(reflector.synced).toBe(false);
    expect(told).toEqual([]);
  });

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

  test("label and field selector and namespace go out with list and watch alike", async () => {
    const { server } = await reflect(
      { lists: [list("1")], watches: [] },
      { namespace: "demo", labelSelector: "a=b", fieldSelector: "metadata.name=x" },
    );
    await eventually(() => expect(server.watches).toHaveLength(1));
    for (const seen of server.seen) {
      expect(seen.path).toBe("/apis/example.dev/v1/namespaces/demo/widgets");
      expect([seen.query.get("labelSelector"), seen.query.get("fieldSelector")]).toEqual(["a=b", "metadata.name=x"]);
    }
  });

  test("list items of built-in kinds get the apiVersion and kind that watch events have", async () => {
    const { apiVersion: _, kind: __, ...bare } = widget("a", "1");
    const { reflector } = await reflect({ lists: [list("1", bare as Widget)], watches: [] });
    await eventually(() => expect(reflector.synced).toBe(true));
    expect(reflector.store.get("demo/a")).toEqual(widget("a", "1"));
  });
});

describe("watch", () => {
  test("asks for bookmarks and an end within five to ten minutes", async () => {
    const { server } = await reflect({ lists: [list("1")], watches: [] }, { random: () => 0.5 });
    await eventually(() => expect(server.watches).toHaveLength(1));
    expect(server.watches[0]?.query.toString()).toBe(
      "watch=true&allowWatchBookmarks=true&resourceVersion=1&timeoutSeconds=450",
    );
  });

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
      "a reset before any event",
      [
        (e) => {
          e.reset();
        },
      ],
      "1",
    ],
    ["500", [refused(500, "InternalError")], "1"],
    ["503", [refused(503, "ServiceUnavailable")], "1"],
    ["429", [refused(429, "TooManyRequests")], "1"],
    ["401", [refused(401, "Unauthorized")], "1"],
    ["403", [refused(403, "Forbidden")], "1"],
    [
      "a line that is no JSON",
      [
        (e) => {
          e.write("{nonsense}\n");
        },
      ],
      "1",
    ],
    [
      "half a line",
      [
        (e) => {
          e.write('{"type":"ADDED","obj');
          e.end();
        },
      ],
      "1",
    ],
    [
      "an event without object",
      [
        (e) => {
          e.write('{"type":"ADDED"}\n');
        },
      ],
      "1",
    ],
    ["an event of an unknown type", [events(["RENAMED", widget("a", "2")])], "1"],
    [
      "an ERROR event that is not 410",
      [events(["ERROR", { kind: "Status", code: 500, reason: "InternalError" }])],
      "1",
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

  test("an object deleted and created anew behind a 410 is told with both uids", async () => {
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

  test("a listener that throws is logged and stops neither the others nor the watch", async () => {
    const { reflector, server, told, lines } = await reflect({ lists: [list("1")], watches: [] });
    reflector.onChange(() => {
      throw new Error("listener fault");
    });
    await eventually(() => expect(server.watches).toHaveLength(1));
    server.exchanges.at(-1)?.event("ADDED", widget("a", "2"));
    server.exchanges.at(-1)?.event("ADDED", widget("b", "3"));
    await eventually(() => expect(told).toHaveLength(2));
    expect(lines.filter((line) => line["msg"] === "a listener failed")).toHaveLength(2);
    expect(server.watches).toHaveLength(1);
  });

  test("a watch that stays silent past its own end is dropped and opened again", async () => {
    const clock = new ManualClock();
    const { server } = await reflect(
      {
        lists: [list("1")],
        watches: [
          (exchange) => {
            exchange.write();
          },
        ],
      },
      { clock },
    );
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
});

describe("backoff", () => {
  test("doubles from 0.8 s to 30 s with full jitter and starts anew after two healthy minutes", async () => {
    const clock = new ManualClock();
    const { server } = await reflect(
      { lists: Array.from({ length: 20 }, () => refused(500, "InternalError")), watches: [] },
      { clock, random: () => 1 - Number.EPSILON },
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
    const { server } = await reflect({ lists: [list("1")], watches: [open, open] }, { clock, random: () => 0.5 });
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

describe("stop", () => {
  test.each<[string, { lists: Step[]; watches: Step[] }, number]>([
    ["during a list", { lists: [], watches: [] }, 1],
    ["before a watch has answered", { lists: [list("1")], watches: [] }, 2],
    ["during a watch", { lists: [list("1")], watches: [events(["ADDED", widget("a", "2")])] }, 2],
  ])("%s ends the request, resolves, logs no error and starts nothing", async (_, script, requests) => {
    const { server, stop, lines } = await reflect(script);
    await eventually(() => expect(server.seen).toHaveLength(requests));
    await stop();
    await eventually(() => expect(server.exchanges.at(-1)?.isClosed).toBe(true));
    expect(server.seen).toHaveLength(requests);
    expect(lines).toEqual([]);
  });

  test("during backoff resolves at once and starts nothing", async () => {
    const clock = new ManualClock();
    const { server, stop } = await reflect(
      { lists: [refused(500, "InternalError")], watches: [] },
      { clock, random: () => 0.5 },
    );
    await eventually(() => expect(clock.timers).toBe(2));
    await stop();
    expect(clock.timers).toBe(0);
    expect(server.seen).toHaveLength(1);
  });

  test("a second start is refused", async () => {
    const { reflector, server } = await reflect({ lists: [list("1")], watches: [] });
    await expect(reflector.run(new AbortController().signal)).rejects.toThrow("already started");
    await eventually(() => expect(server.watches).toHaveLength(1));
  });
});

describe("store", () => {
  test("resync tells every key again each ten hours and asks the server nothing", async () => {
    const clock = new ManualClock();
    const { server, told } = await reflect(
      { lists: [list("1", widget("a", "1"))], watches: [] },
      { clock, random: () => 0.5 },
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
