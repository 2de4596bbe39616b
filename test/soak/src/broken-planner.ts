import type { planRotation } from "@capstan/ca-core";
import { ROTATION_GUARDS } from "../../../packages/ca-core/src/rotation/guards.ts";
import { plannerWith } from "../../../packages/ca-core/src/rotation/plan-rotation.ts";

/** Names the guard that a test-only publisher goes without. */
export const brokenGuardVariable = "CAPSTAN_TEST_BROKEN_GUARD";

/**
 * A planner for which one guard never holds anything up: a run that does not notice is of no use.
 *
 * @param guard one of `ROTATION_GUARDS`; undefined or empty for the planner as it is
 * @throws Error that names the guards there are
 */
export function plannerWithout(guard: string | undefined): typeof planRotation {
  if (guard === undefined || guard === "") return plannerWith(ROTATION_GUARDS);
  if (!Object.hasOwn(ROTATION_GUARDS, guard)) {
    throw new Error(`there is no guard ${guard}; there are ${Object.keys(ROTATION_GUARDS).join(", ")}`);
  }
  return plannerWith({ ...ROTATION_GUARDS, [guard]: () => undefined });
}
