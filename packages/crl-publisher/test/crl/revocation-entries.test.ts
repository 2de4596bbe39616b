import { REVOCATION_REASONS, type RevocationReason } from "@capstan/ca-core";
import { array, assert, constantFrom, integer, property, record, string, stringMatching } from "fast-check";
import { describe, expect, test } from "vitest";
import { elsewhere, entryOf, formatEntries, parseEntries, sentinelActor } from "../../src/crl/revocation-entries.ts";

const anEntry = record({
  serial: stringMatching(/^([1-9a-f][0-9a-f]|0[1-9a-f])([0-9a-f]{2}){0,19}$/),
  revokedAt: integer({ min: 0, max: 4_102_444_800 }),
  reason: constantFrom(...(Object.keys(REVOCATION_REASONS) as RevocationReason[])),
  notAfter: integer({ min: 0, max: 4_102_444_800 }),
  actor: string({ maxLength: 512 }),
});

test("what-is-written-is-read-as-it-was", () => {
  assert(
    property(array(anEntry, { maxLength: 50 }), (entries) => {
      expect(parseEntries(formatEntries(entries))).toEqual(entries);
    }),
  );
});

test("a-list-has-exactly-the-entries-that-it-was-given-however-often-it-is-asked", () => {
  assert(
    property(array(anEntry, { maxLength: 20 }), (entries) => {
      const spec = { authority: "fleet", generation: 1, crlNumber: 1, ...formatEntries(entries) };
      for (const [serial, last] of new Map(entries.map((entry) => [entry.serial, entry]))) {
        expect(entryOf(spec, serial)).toEqual(last);
        expect(entryOf(spec, serial)).toEqual(last);
      }
      expect(entryOf(spec, "00")).toBeUndefined();
    }),
  );
});

test("a-full-list-with-as-many-long-names-of-revokers-fits-into-one-request-of-etcd", () => {
  const entries = Array.from({ length: 6_500 }, (_, index) => ({
    serial: `4f${index.toString(16).padStart(30, "0")}`,
    revokedAt: 1_763_780_000,
    reason: "superseded" as const,
    notAfter: 1_763_866_400,
    actor: `${index} `.padEnd(512, "x"),
  }));
  const sentinel = { ...entries[0], serial: "4f1c", actor: sentinelActor } as (typeof entries)[number];
  const list = formatEntries([...entries, sentinel]);
  expect(JSON.stringify(list).length).toBeLessThan(1_000_000);
  const read = parseEntries(list);
  expect(read.at(0)?.actor).toBe(entries[0]?.actor);
  expect(read.at(-2)).toEqual({ ...entries.at(-1), actor: elsewhere });
  // Who made a sentinel is how it is told.
  expect(read.at(-1)?.actor).toBe(sentinelActor);
});

test("what-is-written-fits-the-schema", () => {
  const schema = /^[0-9a-f]{2,40} [0-9]{1,12} [0-9]{1,2} [0-9]{1,12} [0-9]{1,5}$/;
  assert(
    property(array(anEntry, { maxLength: 50 }), (entries) => {
      for (const line of formatEntries(entries).entries) {
        expect(line).toMatch(schema);
        expect(line.length).toBeLessThanOrEqual(80);
      }
    }),
  );
});

test("each-actor-is-stored-once", () => {
  const entry = { serial: "4f1c", revokedAt: 1, reason: "superseded", notAfter: 2 } as const;
  const actors = ["alice", "bob", "alice"];
  expect(formatEntries(actors.map((actor, index) => ({ ...entry, serial: `0${index + 1}`, actor })))).toEqual({
    entries: ["01 1 4 2 0", "02 1 4 2 1", "03 1 4 2 0"],
    actors: ["alice", "bob"],
  });
});

test("a-list-without-entries-is-empty", () => {
  expect(parseEntries({})).toEqual([]);
});

describe("a list with one broken entry is not read at all", () => {
  const good = "4f1c 1763780000 1 1763866400 0";

  test.each<[fact: string, broken: string]>([
    ["empty", ""],
    ["four-fields", "4f1c 1763780000 1 1763866400"],
    ["six-fields", `${good} 0`],
    ["empty-reason-is-not-unspecified", "4f1c 1763780000  1763866400 0"],
    ["empty-actor-is-not-the-first", "4f1c 1763780000 1 1763866400 "],
    ["space-before", ` ${good}`],
    ["newline-after", `${good}\n`],
    ["tabs-between", good.replaceAll(" ", "\t")],
    ["reason-that-can-be-undone", "4f1c 1763780000 6 1763866400 0"],
    ["reason-that-is-not-assigned", "4f1c 1763780000 7 1763866400 0"],
    ["reason-in-words", "4f1c 1763780000 keyCompromise 1763866400 0"],
    ["actor-out-of-range", "4f1c 1763780000 1 1763866400 1"],
    ["actor-below-zero", "4f1c 1763780000 1 1763866400 -1"],
    ["not-after-that-is-no-number-would-count-as-over", "4f1c 1763780000 1 never 0"],
    ["not-after-with-a-fraction", "4f1c 1763780000 1 1763866400.5 0"],
    ["revocation-time-in-hex", "4f1c 0x10 1 1763866400 0"],
    ["serial-in-upper-case", "4F1C 1763780000 1 1763866400 0"],
    ["serial-of-21-octets", `${"11".repeat(21)} 1763780000 1 1763866400 0`],
    ["no-serial", " 1763780000 1 1763866400 0"],
  ])("%s", (_fact, broken) => {
    expect(() => parseEntries({ entries: [good, broken], actors: ["alice"] })).toThrow(
      "RevocationList entry 1 cannot be read",
    );
  });
});
