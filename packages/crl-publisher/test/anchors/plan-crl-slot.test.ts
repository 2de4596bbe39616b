import { describe, expect, test } from "vitest";
import { type CrlSlotPlan, planCrlSlot } from "../../src/anchors/plan-crl-slot.ts";
import type { FoundCrl } from "../../src/anchors/read-anchor.ts";
import { now } from "../support/objects.ts";

const content = { der: Uint8Array.of(1), number: 1n, thisUpdate: now, sha256: "wanted" };

function slot(change: Partial<FoundCrl> = {}): FoundCrl {
  return { id: "one", name: "capstan-fleet-1-aa", enabled: true, content, ...change };
}

describe("a CRL's slot", () => {
  test.each<[fact: string, slots: readonly FoundCrl[], plan: CrlSlotPlan]>([
    ["is-imported-when-there-is-none", [], { do: "import" }],
    ["is-imported-beside-another-generations", [slot({ name: "capstan-fleet-2-bb" })], { do: "import" }],
    ["is-updated-when-it-differs", [slot({ content: { ...content, sha256: "other" } })], { do: "update", id: "one" }],
    ["is-updated-when-it-could-not-be-read", [slot({ content: undefined })], { do: "update", id: "one" }],
    [
      "is-updated-first-when-it-is-also-disabled",
      [slot({ enabled: false, content: undefined })],
      { do: "update", id: "one" },
    ],
    ["is-enabled-when-disabled", [slot({ enabled: false })], { do: "enable", id: "one" }],
    [
      "is-of-two-the-one-that-is-in-force",
      [slot({ enabled: false }), slot({ id: "two", content: { ...content, sha256: "other" } })],
      { do: "update", id: "two" },
    ],
    [
      "is-of-two-the-newest",
      [slot({ content: { ...content, number: 0n, sha256: "other" } }), slot({ id: "two" })],
      { do: "nothing" },
    ],
    ["is-left-alone-when-equal-and-enabled", [slot({ id: "two", name: "other" }), slot()], { do: "nothing" }],
  ])("%s", (_fact, slots, plan) => {
    expect(planCrlSlot(slots, "capstan-fleet-1-aa", "wanted")).toEqual(plan);
  });
});
