import { UNKNOWNS } from "@capstan/test-rolesanywhere";
import { expect, test } from "vitest";
import { percentile } from "../../src/drill/percentile.ts";
import { killCases, type Killpoint } from "../../src/publisher/kill-cases.ts";
import { mutantNamed, MUTANTS } from "../../src/publisher/mutants.ts";
import { tables } from "../../src/publisher/run-publisher.ts";

const names = tables.map(({ name }) => name);

test("each-case-has-a-name-of-its-own", () => {
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test("every-row-of-the-catalogue-has-cases", () => {
  for (const id of ["guard", "C01", "C02", "C03", "C04", "C05", "V01", "V03", "unknown"])
    expect(names.filter((name) => name.startsWith(`${id}: `)).length, id).toBeGreaterThan(0);
});

test("every-position-of-every-open-question-is-a-case", () => {
  const positions = Object.values(UNKNOWNS).flatMap((unknown) => Object.keys(unknown.positions));
  expect(names.filter((name) => name.startsWith("unknown: "))).toHaveLength(positions.length);
});

test.each(Object.entries(MUTANTS))("mutant %s is to die in a case that there is", (_name, { diesIn }) => {
  expect(names).toContain(diesIn.name);
});

test("a-mutant-that-there-is-not-is-refused", () => {
  expect(() => mutantNamed("no-such")).toThrow("there is no mutant no-such; there are no-read-back, ");
  expect(mutantNamed("")).toBeUndefined();
});

test("what-changes-something-has-a-life-of-its-own-and-what-looks-shares-one", () => {
  const looks = Array.from({ length: 25 }, (_, index): Killpoint => ({
    scenario: "rotation",
    call: `get secrets ${index} in 1 Active`,
    isRoutine: true,
    moment: "before",
  }));
  const writes = (["before", "after"] as const).map((moment): Killpoint => ({
    scenario: "rotation",
    call: "create secrets 2 #1",
    isRoutine: false,
    moment,
  }));
  expect(killCases([...writes, ...looks]).map(({ name }) => name)).toEqual([
    "kill: rotation before create secrets 2 #1",
    "kill: rotation after create secrets 2 #1",
    "kill: rotation at 9 calls, first before get secrets 0 in 1 Active",
    "kill: rotation at 8 calls, first before get secrets 1 in 1 Active",
    "kill: rotation at 8 calls, first before get secrets 2 in 1 Active",
  ]);
});

test.each([
  [[], 0.5, 0],
  [[7], 0.99, 7],
  [[3, 1, 2], 0.5, 2],
  [[3, 1, 2, 4], 0.99, 4],
])("of %j the share %d is %d", (values, share, value) => {
  expect(percentile(values, share)).toBe(value);
});
