import { expect, test } from "vitest";
import { type ConditionLike, findCondition, setCondition } from "../src/index.ts";

const now = Date.UTC(2026, 10, 22, 12, 0, 0, 789);
const before = "2026-01-01T00:00:00Z";
const approved: ConditionLike = { type: "Approved", status: "True", reason: "ByPolicy", lastTransitionTime: before };
const pending: ConditionLike = {
  type: "Ready",
  status: "False",
  reason: "Pending",
  message: "waiting",
  lastTransitionTime: before,
};

test.each<[string, readonly ConditionLike[], Omit<ConditionLike, "lastTransitionTime">, readonly ConditionLike[]]>([
  [
    "a new type goes to the end with the time in whole seconds",
    [approved],
    { type: "Ready", status: "True", reason: "Issued" },
    [approved, { type: "Ready", status: "True", reason: "Issued", lastTransitionTime: "2026-11-22T12:00:00Z" }],
  ],
  [
    "the same status keeps its time while reason and message change",
    [pending, approved],
    { type: "Ready", status: "False", reason: "Failed", message: "no" },
    [{ type: "Ready", status: "False", reason: "Failed", message: "no", lastTransitionTime: before }, approved],
  ],
  [
    "another status moves the time and stays in its place",
    [pending, approved],
    { type: "Ready", status: "True", reason: "Issued", message: "done" },
    [
      { type: "Ready", status: "True", reason: "Issued", message: "done", lastTransitionTime: "2026-11-22T12:00:00Z" },
      approved,
    ],
  ],
  [
    "a field left out is gone",
    [pending],
    { type: "Ready", status: "False", reason: "Pending" },
    [{ type: "Ready", status: "False", reason: "Pending", lastTransitionTime: before }],
  ],
  [
    "a newer generation alone is a change",
    [{ ...pending, observedGeneration: 1 }],
    { type: "Ready", status: "False", reason: "Pending", message: "waiting", observedGeneration: 2 },
    [{ ...pending, observedGeneration: 2 }],
  ],
  [
    "a missing time is filled in",
    [{ type: "Ready", status: "True" }],
    { type: "Ready", status: "True" },
    [{ type: "Ready", status: "True", lastTransitionTime: "2026-11-22T12:00:00Z" }],
  ],
])("%s", (_, conditions, next, expected) => {
  const copy = structuredClone(conditions);
  const result = setCondition(conditions, next, now);
  expect(result).toEqual(expected);
  expect(result).not.toBe(conditions);
  expect(conditions).toEqual(copy);
});

test("nothing new is the same list", () => {
  const conditions = [pending, approved];
  const { lastTransitionTime: _, ...same } = pending;
  expect(setCondition(conditions, same, now)).toBe(conditions);
});

test("the others stay the very same objects", () => {
  expect(setCondition([approved], { type: "Ready", status: "True" }, now)[0]).toBe(approved);
});

test("a condition is found by its type", () => {
  expect(findCondition([pending, approved], "Approved")).toBe(approved);
  expect(findCondition([pending], "Approved")).toBeUndefined();
  expect(findCondition(undefined, "Approved")).toBeUndefined();
});
