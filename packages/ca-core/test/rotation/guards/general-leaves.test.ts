import { describe, expect, test } from "vitest";
import type { GenerationObservation } from "../../../src/rotation/observation.ts";
import {
  actionFor,
  anchor,
  DAY,
  generation,
  MINUTE,
  NOW,
  POLICY,
  reading,
  reasonsFor,
  rotate,
} from "../observation.ts";

const general = (changes: Partial<GenerationObservation> = {}) =>
  generation(1, "Active", { generalUntil: NOW + DAY, ...changes });
const empty = anchor([], { joined: false, create: true, reading: reading([], { state: "Missing" }) });

describe("a generation whose leaves of profile General may be valid", () => {
  test("comes-into-no-anchor-and-says-until-when", () => {
    const changes = { generations: [general()], anchors: [empty] };
    expect(actionFor(changes)).toBeUndefined();
    expect(reasonsFor(changes)[0]).toStrictEqual({
      code: "GeneralLeaves",
      anchor: "prod",
      generation: 1,
      until: NOW + DAY + POLICY.skewMs,
      message:
        "Generation 1 has signed while there were no trust anchors, and such leaves may be valid until 2027-06-02T00:00:00Z: its root comes into a trust anchor on 2027-06-02T00:10:00Z; a Rotate operation brings another one at once",
    });
  });

  test("is-added-to-no-anchor-that-is-there", () => {
    const anchors = [anchor([], { joined: false, reading: reading([], { bundle: ["root9"] }) })];
    const foreignRoots = [{ fingerprint: "root9", drainUntil: NOW + DAY }];
    expect(actionFor({ generations: [general()], anchors, foreignRoots })).toBeUndefined();
  });

  test.each([
    ["the-skew-has-not-passed", NOW - POLICY.skewMs + 1, undefined],
    ["it-has", NOW - POLICY.skewMs, { do: "CreateAnchor", anchor: "prod", bundle: ["root1"] }],
    ["there-were-anchors-all-the-time", undefined, { do: "CreateAnchor", anchor: "prod", bundle: ["root1"] }],
  ])("is-told-by-when-%s", (_name, generalUntil, action) => {
    const one = generation(1, "Active", generalUntil === undefined ? {} : { generalUntil });
    expect(actionFor({ generations: [one], anchors: [empty] })).toStrictEqual(action);
  });

  test("is-replaced-by-order-and-the-next-comes-alone", () => {
    const generations = [general()];
    expect(actionFor({ generations, anchors: [empty], operations: [rotate] })).toMatchObject({ do: "MakeGeneration" });
    const next = [...generations, generation(2, "Pending")];
    expect(actionFor({ generations: next, anchors: [empty] })).toStrictEqual({
      do: "CreateAnchor",
      anchor: "prod",
      bundle: ["root2"],
    });
  });

  test("stays-out-while-it-drains", () => {
    const draining = generation(1, "Draining", { generalUntil: NOW + DAY });
    const anchors = [anchor([2])];
    expect(actionFor({ generations: [draining, generation(2, "Active")], highestNumberSeen: 2, anchors })).toBe(
      undefined,
    );
  });

  test("is-nobodys-concern-without-anchors", () => {
    const reasons = reasonsFor({
      generations: [general()],
      anchors: [],
      time: { own: NOW, apiServer: NOW, aws: undefined, highWater: NOW - MINUTE },
    });
    expect(reasons.map(({ code }) => code)).not.toContain("GeneralLeaves");
  });
});
