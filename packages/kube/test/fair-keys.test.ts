import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FairKeys } from "../src/fair-keys.ts";

/** Pushes keys like "a/x/1", whose groups are all but the last part, and shifts until nothing is left. */
function served(...keys: readonly string[]): readonly string[] {
  const waiting = new FairKeys();
  for (const key of keys) waiting.push(key, key.split("/").slice(0, -1));
  return drained(waiting);
}

function drained(waiting: FairKeys): string[] {
  const order: string[] = [];
  for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) order.push(key);
  return order;
}

describe("the order", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ["within a group is that of arrival", ["a/2", "a/1", "a/3"], ["a/2", "a/1", "a/3"]],
    [
      "gives each group a key in turn",
      ["a/1", "a/2", "a/3", "b/1", "c/1", "c/2"],
      ["a/1", "b/1", "c/1", "a/2", "c/2", "a/3"],
    ],
    [
      "gives outer groups turns, whatever number of inner ones they have",
      ["a/x/1", "a/y/1", "a/z/1", "b/x/1", "b/x/2"],
      ["a/x/1", "b/x/1", "a/y/1", "b/x/2", "a/z/1"],
    ],
    ["gives inner groups turns too", ["a/x/1", "a/x/2", "a/y/1"], ["a/x/1", "a/y/1", "a/x/2"]],
    ["counts keys of no group as a group", ["1", "2", "3", "a/1"], ["1", "a/1", "2", "3"]],
    ["keeps groups of one name under different ones apart", ["a/x/1", "a/x/2", "x/1"], ["a/x/1", "x/1", "a/x/2"]],
  ])("%s", (_, keys, expected) => {
    expect(served(...keys)).toEqual(expected);
  });

  test("a group that ran empty and comes back waits for its turn", () => {
    const waiting = new FairKeys();
    for (const key of ["a/1", "b/1", "b/2", "c/1"]) waiting.push(key, [key.charAt(0)]);
    expect(waiting.shift()).toBe("a/1");
    waiting.push("a/2", ["a"]);
    expect(drained(waiting)).toEqual(["b/1", "c/1", "a/2", "b/2"]);
  });

  test("one group with 5,000 keys delays another's first by one", () => {
    const waiting = new FairKeys();
    for (let index = 0; index < 5_000; index += 1) waiting.push(`busy/${index}`, ["busy"]);
    for (let index = 0; index < 10; index += 1) waiting.shift();
    waiting.push("calm/1", ["calm"]);
    expect([waiting.shift(), waiting.shift()]).toContain("calm/1");
  });
});

test("nothing waits after clear, in no group", () => {
  const waiting = new FairKeys();
  for (const key of ["a/1", "b/1", "b/2"]) waiting.push(key, [key.charAt(0)]);
  waiting.shift();
  waiting.clear();
  expect([waiting.size, waiting.shift()]).toEqual([0, undefined]);
  waiting.push("b/3", ["b"]);
  expect(drained(waiting)).toEqual(["b/3"]);
});

test("in any order of calls each key comes once, in order within its group, and waits for at most one key of each other group", () => {
  const path = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 2 });
  const call = fc.oneof({ arbitrary: path, weight: 3 }, { arbitrary: fc.constant("shift" as const), weight: 2 });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 80 }), (calls) => {
      const waiting = new FairKeys();
      // Key → its path, in order of arrival; passed: how many keys of each top group came since the first of a key's group began to wait.
      const model = new Map<string, readonly string[]>();
      const top = (key: string): string => model.get(key)?.[0] ?? "";
      const passed = new Map<string, Map<string, number>>();
      let number = 0;
      const shift = (): void => {
        const key = waiting.shift();
        if (model.size === 0) {
          expect(key).toBeUndefined();
          return;
        }
        const path = JSON.stringify(model.get(key ?? ""));
        const [first] = [...model].filter(([, other]) => JSON.stringify(other) === path);
        expect(key).toBe(first?.[0]);
        const group = top(key ?? "");
        for (const [waitingGroup, counts] of passed) {
          if (waitingGroup === group) continue;
          counts.set(group, (counts.get(group) ?? 0) + 1);
          expect(counts.get(group)).toBeLessThanOrEqual(1);
        }
        model.delete(key ?? "");
        // Served: from here its group waits anew, if it still does.
        passed.delete(group);
        if ([...model.keys()].some((other) => top(other) === group)) passed.set(group, new Map());
      };
      for (const step of calls) {
        if (step === "shift") {
          shift();
        } else {
          number += 1;
          const key = String(number);
          model.set(key, step);
          if (!passed.has(top(key))) passed.set(top(key), new Map());
          waiting.push(key, step);
        }
        expect(waiting.size).toBe(model.size);
      }
      while (model.size > 0) shift();
      expect(waiting.shift()).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
