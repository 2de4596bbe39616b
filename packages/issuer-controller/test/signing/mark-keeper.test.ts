import { type GenerationMark, generationMarkResource } from "@capstan/api";
import { formatTime } from "@capstan/kube";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NotYet } from "../../src/requests/not-yet.ts";
import { type MarkedLeaf, MarkKeeper } from "../../src/signing/mark-keeper.ts";
import { ApiServer } from "../support/api-server.ts";
import { after, day, hour, mark, minute, now, ownNamespace } from "../support/objects.ts";

let server: ApiServer;
let keeper: MarkKeeper;

beforeEach(async () => {
  server = await ApiServer.start();
  keeper = new MarkKeeper({ client: server.client, namespace: ownNamespace });
});

afterEach(() => server[Symbol.asyncDispose]());

const maxLeafMs = 7 * day;
const raise = (
  notAfter: Date,
  rootNotAfter: Date = after(365 * day),
  profile: MarkedLeaf["profile"] = "RolesAnywhere",
): Promise<void> => keeper.raise({ authority: "fleet", generation: 1, notAfter, rootNotAfter, maxLeafMs, profile });
const raiseGeneral = (notAfter: Date, rootNotAfter?: Date): Promise<void> => raise(notAfter, rootNotAfter, "General");

const storedSpec = (): GenerationMark["spec"] =>
  (server.read(generationMarkResource, { namespace: ownNamespace, name: "fleet-1" }) as GenerationMark).spec;
const stored = (): string => storedSpec().notAfter;
const text = (time: Date): string => formatTime(time.getTime());
/** Of the mark and of profile General, as stored. */
const times = (): readonly (string | undefined)[] => [storedSpec().notAfter, storedSpec().generalNotAfter];

const raiseTo = (time: string) => (somebody: ApiServer) => {
  somebody.put(generationMarkResource, mark(new Date(time)));
};

describe("a raise", () => {
  test("goes-an-hour-beyond-the-leaf", async () => {
    server.put(generationMarkResource, mark(now));
    await raise(after(day));
    expect(stored()).toBe("2026-11-23T04:00:00Z");
  });

  test.each<[fact: string, rootNotAfter: Date, expected: string]>([
    ["ends-with-the-root-inside-the-reserve", after(day + 5 * minute), "2026-11-23T03:05:00Z"],
    ["ends-with-the-root-at-its-edge", after(day + hour), "2026-11-23T04:00:00Z"],
    ["ends-with-the-leaf-when-the-root-does", after(day), "2026-11-23T03:00:00Z"],
  ])("%s", async (_fact, rootNotAfter, expected) => {
    server.put(generationMarkResource, mark(now));
    await raise(after(day), rootNotAfter);
    expect(stored()).toBe(expected);
  });

  test("goes-no-further-beyond-the-leaf-than-a-leaf-is-long", async () => {
    server.put(generationMarkResource, mark(now));
    const leaf = {
      authority: "fleet",
      generation: 1,
      notAfter: after(10 * minute),
      rootNotAfter: after(hour),
      profile: "RolesAnywhere" as const,
    };
    await keeper.raise({ ...leaf, maxLeafMs: 10 * minute });
    expect(stored()).toBe(
      after(20 * minute)
        .toISOString()
        .replace(".000Z", "Z"),
    );
  });

  test.each<[fact: string, notAfter: Date]>([
    ["writes-nothing-when-the-mark-is-higher", after(2 * day)],
    ["writes-nothing-when-the-mark-is-just-so-high", after(day)],
  ])("%s", async (_fact, notAfter) => {
    server.put(generationMarkResource, mark(notAfter));
    await raise(after(day));
    expect(server.writes).toEqual([]);
  });

  test("costs-no-call-within-what-was-confirmed", async () => {
    server.put(generationMarkResource, mark(now));
    await raise(after(day));
    const calls = server.calls.length;
    await raise(after(day + hour));
    await raise(after(minute));
    expect(server.calls).toHaveLength(calls);
  });

  test("beyond-what-was-confirmed-is-written", async () => {
    server.put(generationMarkResource, mark(now));
    await raise(after(day));
    await raise(after(day + hour + 1_000));
    expect(stored()).toBe("2026-11-23T05:00:01Z");
  });

  test("many-at-once-are-one-write", async () => {
    server.put(generationMarkResource, mark(now));
    await Promise.all(Array.from({ length: 50 }, (_, index) => raise(after(day + index * minute))));
    expect(server.calls).toHaveLength(2);
    expect(Date.parse(stored())).toBeGreaterThanOrEqual(after(day + 49 * minute).getTime());
  });
});

describe("a leaf of profile General", () => {
  test("raises-a-time-of-its-own-beside-the-marks", async () => {
    server.put(generationMarkResource, mark(now));
    await raiseGeneral(after(day));
    expect(times()).toEqual([text(after(day + hour)), text(after(day + hour))]);
  });

  test("raises-it-though-the-mark-is-high-enough-and-the-mark-to-no-less", async () => {
    server.put(generationMarkResource, mark(after(day + 10 * minute)));
    await raiseGeneral(after(day));
    expect(times()).toEqual([text(after(day + hour)), text(after(day + hour))]);
    await raise(after(3 * day));
    expect(times()).toEqual([text(after(3 * day + hour)), text(after(day + hour))]);
    await raiseGeneral(after(2 * day));
    expect(times()).toEqual([text(after(3 * day + hour)), text(after(2 * day + hour))]);
  });

  test("goes-no-further-than-its-root", async () => {
    server.put(generationMarkResource, mark(now));
    await raiseGeneral(after(day), after(day + minute));
    expect(times()).toEqual([text(after(day + minute)), text(after(day + minute))]);
  });

  test("costs-no-call-within-what-was-confirmed-of-its-profile", async () => {
    server.put(generationMarkResource, mark(now));
    await raise(after(9 * day));
    const before = server.calls.length;
    await raiseGeneral(after(day));
    expect(server.calls).toHaveLength(before + 2);
    await raiseGeneral(after(day + hour));
    await raise(after(9 * day));
    expect(server.calls).toHaveLength(before + 2);
  });

  test("is-not-signed-when-the-mark-is-sealed-though-high-enough", async () => {
    server.put(generationMarkResource, mark(after(2 * day), { sealed: true }));
    await expect(raiseGeneral(after(day))).rejects.toBeInstanceOf(NotYet);
    expect(times()).toEqual([text(after(2 * day)), undefined]);
  });

  test("of-the-other-profile-none-is-told", async () => {
    server.put(generationMarkResource, mark(now));
    await raise(after(day));
    expect(times()).toEqual([text(after(day + hour)), undefined]);
  });

  test("that-another-replica-told-of-is-not-overwritten", async () => {
    server.put(generationMarkResource, mark(now));
    server.next("PUT", /generationmarks/, (somebody) => {
      const other = mark(after(4 * day));
      somebody.put(generationMarkResource, {
        ...other,
        spec: { ...other.spec, generalNotAfter: text(after(3 * day)) },
      });
    });
    await raiseGeneral(after(day));
    expect(times()).toEqual([text(after(4 * day)), text(after(3 * day))]);
  });
});

describe("somebody else who raises the mark in between", () => {
  test("is-not-overwritten-when-higher", async () => {
    server.put(generationMarkResource, mark(now));
    server.next("PUT", /generationmarks/, raiseTo("2026-12-24T00:00:00Z"));
    await raise(after(day));
    expect(stored()).toBe("2026-12-24T00:00:00Z");
  });

  test("is-raised-over-when-lower", async () => {
    server.put(generationMarkResource, mark(now));
    server.next("PUT", /generationmarks/, raiseTo("2026-11-22T04:00:00Z"));
    await raise(after(day));
    expect(stored()).toBe("2026-11-23T04:00:00Z");
  });
});

describe("a raise is refused", () => {
  test("when-the-mark-is-sealed-below", async () => {
    server.put(generationMarkResource, mark(now, { sealed: true }));
    const refused = raise(after(day));
    await expect(refused).rejects.toBeInstanceOf(NotYet);
    await expect(refused).rejects.toThrow("a sealed mark is raised no more");
    expect(stored()).toBe("2026-11-22T03:00:00Z");
  });

  test("when-it-is-sealed-between-read-and-write", async () => {
    server.put(generationMarkResource, mark(now));
    server.next("PUT", /generationmarks/, (somebody) => {
      somebody.put(generationMarkResource, mark(now, { sealed: true }));
    });
    await expect(raise(after(day))).rejects.toBeInstanceOf(NotYet);
  });

  test("not-within-a-sealed-mark-which-bounds-the-drain", async () => {
    server.put(generationMarkResource, mark(after(2 * day), { sealed: true }));
    await expect(raise(after(day))).resolves.toBeUndefined();
  });

  test("when-there-is-no-mark", async () => {
    await expect(raise(after(day))).rejects.toMatchObject({ code: 404 });
  });

  test("and-the-next-one-asks-again", async () => {
    server.put(generationMarkResource, mark(now));
    server.next("PUT", /generationmarks/, { refuse: 500, reason: "InternalError" });
    await expect(raise(after(day))).rejects.toMatchObject({ code: 500 });
    await raise(after(day));
    expect(stored()).toBe("2026-11-23T04:00:00Z");
  });

  test("and-those-behind-it-are-not", async () => {
    server.put(generationMarkResource, mark(now));
    server.next("GET", /generationmarks/, { refuse: 500, reason: "InternalError" });
    const [first, second] = await Promise.allSettled([raise(after(day)), raise(after(day))]);
    expect([first.status, second.status]).toEqual(["rejected", "fulfilled"]);
  });
});

test("a-raise-whose-answer-was-lost-counts-as-not-confirmed", async () => {
  server.put(generationMarkResource, mark(now));
  server.next("PUT", /generationmarks/, "lose the answer");
  await expect(raise(after(day))).rejects.toMatchObject({ code: "ERR_KUBE_CONNECTION" });
  const calls = server.calls.length;
  await raise(after(day));
  expect(server.calls.slice(calls).map(({ method }) => method)).toEqual(["GET"]);
});

test("generations-have-marks-of-their-own", async () => {
  server.put(generationMarkResource, mark(now));
  server.put(generationMarkResource, mark(now, undefined, 2));
  await raise(after(day));
  await keeper.raise({
    authority: "fleet",
    generation: 2,
    notAfter: after(day),
    rootNotAfter: after(365 * day),
    maxLeafMs,
    profile: "RolesAnywhere",
  });
  expect(server.writes.map((write) => write.split("/").at(-1))).toEqual(["fleet-1", "fleet-2"]);
});
