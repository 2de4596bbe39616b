import { expect, test } from "vitest";
import { planRotation } from "../../src/rotation/plan-rotation.ts";
import { rotationPolicy } from "../../src/rotation/policy.ts";

test("an authority with nothing yet makes its first generation", () => {
  const now = Date.UTC(2027, 0, 1);
  const plan = planRotation({
    time: { own: now, apiServer: now, aws: undefined, highWater: 0 },
    policy: rotationPolicy(7 * 86_400_000),
    generations: [],
    highestNumberSeen: 0,
    anchors: [],
    foreignRoots: [],
    intent: undefined,
    freeze: { byOperator: false, byCompromise: false, acknowledged: false },
    operations: [],
    deleting: false,
  });
  expect(plan).toEqual({ next: "act", action: { do: "MakeGeneration", generation: 1, at: now }, notes: [] });
});
