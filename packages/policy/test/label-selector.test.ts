import { describe, expect, test } from "vitest";
import { formatSelector, type LabelSelector, selectorFaults, selects } from "../src/label-selector.ts";

const labels = { aws: "allowed", tier: "gold", empty: "" };

describe("selects", () => {
  test.each<[string, LabelSelector]>([
    ["empty-selects-all", {}],
    ["label-equal", { matchLabels: { aws: "allowed" } }],
    ["label-with-empty-value", { matchLabels: { empty: "" } }],
    ["all-labels-equal", { matchLabels: { aws: "allowed", tier: "gold" } }],
    ["in", { matchExpressions: [{ key: "tier", operator: "In", values: ["silver", "gold"] }] }],
    ["not-in-other-value", { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["silver"] }] }],
    ["not-in-without-the-label", { matchExpressions: [{ key: "region", operator: "NotIn", values: ["eu"] }] }],
    ["exists", { matchExpressions: [{ key: "empty", operator: "Exists" }] }],
    ["exists-with-empty-list", { matchExpressions: [{ key: "empty", operator: "Exists", values: [] }] }],
    ["does-not-exist", { matchExpressions: [{ key: "region", operator: "DoesNotExist" }] }],
  ])("%s", (_fact, selector) => {
    expect(selects(selector, labels)).toBe(true);
  });

  test.each<[string, LabelSelector]>([
    ["label-differs", { matchLabels: { aws: "denied" } }],
    ["label-differs-in-case", { matchLabels: { aws: "Allowed" } }],
    ["label-missing", { matchLabels: { region: "eu" } }],
    ["label-missing-wanted-empty", { matchLabels: { region: "" } }],
    ["label-of-the-prototype", { matchExpressions: [{ key: "toString", operator: "Exists" }] }],
    ["one-of-two-labels-differs", { matchLabels: { aws: "allowed", tier: "silver" } }],
    ["in-other-values", { matchExpressions: [{ key: "tier", operator: "In", values: ["silver"] }] }],
    ["in-without-the-label", { matchExpressions: [{ key: "region", operator: "In", values: [""] }] }],
    ["not-in-that-value", { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["gold"] }] }],
    ["exists-without-the-label", { matchExpressions: [{ key: "region", operator: "Exists" }] }],
    ["does-not-exist-with-the-label", { matchExpressions: [{ key: "empty", operator: "DoesNotExist" }] }],
    [
      "labels-fit-expressions-do-not",
      { matchLabels: { aws: "allowed" }, matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] },
    ],
    // What Kubernetes calls invalid selects nothing.
    ["not-in-nothing", { matchExpressions: [{ key: "tier", operator: "NotIn", values: [] }] }],
    ["not-in-no-list", { matchExpressions: [{ key: "region", operator: "NotIn" }] }],
    ["exists-with-values", { matchExpressions: [{ key: "tier", operator: "Exists", values: ["gold"] }] }],
    ["unknown-operator", { matchExpressions: [{ key: "tier", operator: "Gt" as "In", values: ["1"] }] }],
  ])("not: %s", (_fact, selector) => {
    expect(selects(selector, labels)).toBe(false);
  });
});

test("selectorFaults names each field", () => {
  expect(
    selectorFaults({
      matchExpressions: [
        { key: "a", operator: "In" },
        { key: "b", operator: "Exists", values: ["x"] },
        { key: "c", operator: "Gt" as "In", values: ["x"] },
        { key: "d", operator: "In", values: ["x"] },
      ],
    }),
  ).toEqual([
    "matchExpressions[0].values: In takes at least one value",
    "matchExpressions[1].values: Exists takes no values",
    'matchExpressions[2].operator: "Gt" is unknown',
  ]);
});

test("formatSelector writes what kubectl reads", () => {
  expect(
    formatSelector({
      matchLabels: { aws: "allowed" },
      matchExpressions: [
        { key: "tier", operator: "In", values: ["gold", "silver"] },
        { key: "region", operator: "NotIn", values: ["eu"] },
        { key: "a", operator: "Exists" },
        { key: "b", operator: "DoesNotExist" },
      ],
    }),
  ).toBe("aws=allowed,tier in (gold,silver),region notin (eu),a,!b");
});
