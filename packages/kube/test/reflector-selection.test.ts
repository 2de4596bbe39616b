import { describe, expect, test } from "vitest";
import type { ReflectorOptions } from "../src/index.ts";
import { type Widget, widget, widgetList } from "./objects.ts";
import { events, list, reflect, refused } from "./reflector-fixture.ts";
import { eventually, type Exchange, type Step } from "./scripted-server.ts";

const mine = (name: string, resourceVersion: string): Widget =>
  widget(name, resourceVersion, { spec: { owner: "me" } });
const theirs = (name: string, resourceVersion: string): Widget =>
  widget(name, resourceVersion, { spec: { owner: "x" } });
const selection: Partial<ReflectorOptions<Widget>> = {
  fieldSelector: "spec.owner=me",
  selects: (object) => object.spec?.owner === "me",
};
const unknownField = refused(400, "BadRequest");
const fieldSelectors = (seen: readonly { readonly query: URLSearchParams }[]): readonly (string | null)[] =>
  seen.map(({ query }) => query.get("fieldSelector"));

describe("a server that knows the field", () => {
  test("is left to choose", async () => {
    const { server } = await reflect({ lists: [list("1", mine("a", "1"))], watches: [] }, selection);
    await eventually(() => expect(server.watches).toHaveLength(1));
    expect(fieldSelectors(server.seen)).toEqual(["spec.owner=me", "spec.owner=me"]);
  });

  test("and is replaced by one that does not: the watch's 400 leads to a list of all", async () => {
    const { server, reflector, told } = await reflect(
      {
        lists: [
          list("1", mine("a", "1"), mine("gone", "1")),
          unknownField,
          list("9", mine("a", "1"), theirs("b", "2")),
        ],
        watches: [unknownField],
      },
      selection,
    );
    await eventually(() => expect(server.watches).toHaveLength(2));
    expect(fieldSelectors(server.lists)).toEqual(["spec.owner=me", "spec.owner=me", null]);
    expect(fieldSelectors(server.watches)).toEqual(["spec.owner=me", null]);
    expect(reflector.store.list()).toEqual([mine("a", "1")]);
    expect(told.at(-1)).toEqual(["demo/gone", "1", undefined]);
  });
});

describe("a server that does not know the field", () => {
  test("is asked for all, in every page and the watch, and what is not selected is left out", async () => {
    const page: Step = (exchange) => {
      exchange.json(200, widgetList("7", [mine("a", "1"), theirs("b", "2")], "next"));
    };
    const { server, reflector, told, lines } = await reflect(
      { lists: [unknownField, page, list("7", mine("c", "3"), theirs("d", "4"))], watches: [] },
      selection,
    );
    await eventually(() => expect(server.watches).toHaveLength(1));
    expect(fieldSelectors(server.seen)).toEqual(["spec.owner=me", null, null, null]);
    expect(reflector.store.list()).toEqual([mine("a", "1"), mine("c", "3")]);
    expect(told.map(([key]) => key)).toEqual(["demo/a", "demo/c"]);
    expect(lines.map((line) => line["msg"])).toEqual(["the server refuses the field selector: reading all objects"]);
  });

  test.each<[string, readonly [type: string, object: Widget][], readonly unknown[]]>([
    ["a foreign object comes: nothing", [["ADDED", theirs("b", "2")]], []],
    ["a foreign object changes: nothing", [["MODIFIED", theirs("b", "2")]], []],
    ["a foreign object goes: nothing", [["DELETED", theirs("b", "2")]], []],
    ["one of ours becomes foreign: gone", [["MODIFIED", theirs("a", "2")]], [["demo/a", "1", undefined]]],
    ["one of ours goes as a foreign one: gone", [["DELETED", theirs("a", "2")]], [["demo/a", "1", undefined]]],
    ["a foreign one becomes ours: new", [["MODIFIED", mine("b", "2")]], [["demo/b", undefined, "2"]]],
    ["one of ours goes: gone", [["DELETED", mine("a", "2")]], [["demo/a", "1", undefined]]],
  ])("%s", async (_, happening, expected) => {
    const last = mine("last", "99");
    const { told } = await reflect(
      { lists: [unknownField, list("1", mine("a", "1"))], watches: [events(...happening, ["ADDED", last])] },
      selection,
    );
    await eventually(() => expect(told.at(-1)?.[0]).toBe("demo/last"));
    expect(told.slice(1, -1)).toEqual(expected);
  });

  test("is asked by the field again at the next list, since it may have been replaced", async () => {
    const { server } = await reflect(
      { lists: [unknownField, list("1"), list("9")], watches: [refused(410, "Expired")] },
      selection,
    );
    await eventually(() => expect(server.watches).toHaveLength(2));
    expect(fieldSelectors(server.seen)).toEqual(["spec.owner=me", null, null, "spec.owner=me", "spec.owner=me"]);
  });

  test("gets no second list while the first is refused for another reason", async () => {
    const { server, reflector } = await reflect({ lists: [refused(403, "Forbidden")], watches: [] }, selection);
    await eventually(() => expect(server.lists).toHaveLength(2));
    expect(fieldSelectors(server.lists)).toEqual(["spec.owner=me", "spec.owner=me"]);
    expect(reflector.synced).toBe(false);
  });

  test("is not synced by a reflector that cannot choose by itself", async () => {
    const { server, reflector, lines } = await reflect(
      { lists: [unknownField, unknownField], watches: [] },
      { fieldSelector: "spec.owner=me" },
    );
    await eventually(() => expect(server.lists).toHaveLength(3));
    expect(new Set(fieldSelectors(server.lists))).toEqual(new Set(["spec.owner=me"]));
    expect(reflector.synced).toBe(false);
    expect(lines[0]).toMatchObject({ level: "warn", err: { code: 400 } });
  });
});

describe("what enters the store", () => {
  const noisy = (name: string, resourceVersion: string): Widget => {
    const object = mine(name, resourceVersion);
    return { ...object, metadata: { ...object.metadata, managedFields: [{ manager: "kubectl" }] } } as Widget;
  };

  test("has no managedFields, whether it was listed or watched", async () => {
    const { reflector, told } = await reflect({
      lists: [list("1", noisy("a", "1"))],
      watches: [events(["ADDED", noisy("b", "2")])],
    });
    await eventually(() => expect(told).toHaveLength(2));
    expect(reflector.store.list()).toEqual([mine("a", "1"), mine("b", "2")]);
  });

  test("is transformed, in the store, its indexes and for listeners", async () => {
    const seen: (Widget | undefined)[] = [];
    const { reflector, server } = await reflect(
      { lists: [list("1", noisy("a", "1"))], watches: [] },
      {
        transform: (object) => ({ ...object, spec: { owner: object.spec?.owner?.toUpperCase() ?? "" } }),
        indexes: { owner: (object) => [object.spec?.owner ?? ""] },
      },
    );
    reflector.onChange((_, { current }) => seen.push(current));
    await eventually(() => expect(server.watches).toHaveLength(1));
    server.exchanges.at(-1)?.event("ADDED", noisy("b", "2"));
    await eventually(() => expect(seen).toHaveLength(2));
    expect(seen.map((object) => object?.spec?.owner)).toEqual(["ME", "ME"]);
    expect(reflector.store.byIndex("owner", "ME").map((object) => object.metadata.name)).toEqual(["a", "b"]);
  });

  test("is chosen before it is transformed", async () => {
    const { reflector, server } = await reflect(
      { lists: [unknownField, list("1", mine("a", "1"), theirs("b", "1"))], watches: [] },
      { ...selection, transform: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }) },
    );
    await eventually(() => expect(server.watches).toHaveLength(1));
    expect(reflector.store.list()).toEqual([widget("a", "1")]);
  });

  test("is told as changed after a list only when the server's object changed, although the transform makes new ones", async () => {
    const { server, told } = await reflect(
      {
        lists: [list("1", mine("same", "1"), mine("other", "1")), list("9", mine("same", "1"), mine("other", "8"))],
        watches: [refused(410, "Expired")],
      },
      { transform: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }) },
    );
    await eventually(() => expect(server.watches).toHaveLength(2));
    expect(told.slice(2)).toEqual([["demo/other", "1", "8"]]);
  });

  test.each<[string, (object: Widget) => Widget, string]>([
    [
      "throws",
      () => {
        throw new Error("no such field");
      },
      "no such field",
    ],
    ...(["name", "namespace", "uid", "resourceVersion"] as const).map(
      (field): [string, (object: Widget) => Widget, string] => [
        `changes metadata.${field}`,
        (object) => ({ ...object, spec: {}, metadata: { ...object.metadata, [field]: "another" } }),
        `transform changed metadata.${field}`,
      ],
    ),
  ])("stays whole, and the log says why, when the transform %s", async (_, transform, message) => {
    let watch: Exchange | undefined;
    const { reflector, lines, server } = await reflect(
      { lists: [list("1", mine("a", "1"))], watches: [(exchange) => (watch = exchange)] },
      { transform },
    );
    await eventually(() => expect(watch).toBeDefined());
    watch?.event("ADDED", mine("b", "2"));
    await eventually(() => expect(reflector.store.size).toBe(2));
    expect(reflector.store.list()).toEqual([mine("a", "1"), mine("b", "2")]);
    expect(lines[0]).toMatchObject({ level: "error", name: "a", err: { message: expect.stringContaining(message) } });
    expect(server.watches).toHaveLength(1);
  });

  test("is in doubt selected: a choice that throws is logged and loses nothing", async () => {
    const { reflector, server, lines } = await reflect(
      { lists: [unknownField, list("1", mine("a", "1"))], watches: [] },
      {
        ...selection,
        selects: () => {
          throw new Error("no such field");
        },
      },
    );
    await eventually(() => expect(server.watches).toHaveLength(1));
    expect(reflector.store.list()).toEqual([mine("a", "1")]);
    expect(lines.map((line) => line["level"])).toContain("error");
  });
});
