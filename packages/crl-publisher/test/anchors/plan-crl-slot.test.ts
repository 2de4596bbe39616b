import { describe, expect, test } from "vitest";
import { type CrlSlot, type CrlSlotPlan, planCrlSlot } from "../../src/anchors/plan-crl-slot.ts";

const wanted = Uint8Array.of(1, 2, 3);

function slot(change: Partial<CrlSlot> = {}): CrlSlot {
  return { id: "one", name: "capstan-fleet-aa", enabled: true, trustAnchorArn: "arn-one", der: wanted, ...change };
}

describe("a CRL's slot", () => {
  test.each<[fact: string, slots: readonly CrlSlot[], plan: CrlSlotPlan]>([
    ["is-imported-when-there-is-none", [], { do: "import" }],
    ["is-imported-beside-another-generations", [slot({ name: "capstan-fleet-bb" })], { do: "import" }],
    ["is-imported-beside-the-same-name-on-another-anchor", [slot({ trustAnchorArn: "arn-two" })], { do: "import" }],
    ["is-updated-when-shorter", [slot({ der: wanted.slice(0, 2) })], { do: "update", id: "one" }],
    ["is-updated-when-longer", [slot({ der: Uint8Array.of(1, 2, 3, 4) })], { do: "update", id: "one" }],
    ["is-updated-when-one-byte-differs", [slot({ der: Uint8Array.of(1, 2, 4) })], { do: "update", id: "one" }],
    ["is-updated-when-it-could-not-be-read", [slot({ der: new Uint8Array() })], { do: "update", id: "one" }],
    [
      "is-updated-first-when-it-is-also-disabled",
      [slot({ enabled: false, der: new Uint8Array() })],
      { do: "update", id: "one" },
    ],
    ["is-enabled-when-disabled", [slot({ enabled: false })], { do: "enable", id: "one" }],
    [
      "is-left-alone-when-equal-and-enabled",
      [slot({ id: "two", name: "other" }), slot()],
      { do: "nothing", id: "one" },
    ],
    [
      "is-not-guessed-between-two-of-one-name",
      [slot(), slot({ id: "two" })],
      { do: "wait", message: "2 CRLs of arn-one are named capstan-fleet-aa; delete all but one in AWS" },
    ],
  ])("%s", (_fact, slots, plan) => {
    expect(planCrlSlot({ awsName: "capstan-fleet-aa", trustAnchorArn: "arn-one", wanted, slots })).toEqual(plan);
  });
});
