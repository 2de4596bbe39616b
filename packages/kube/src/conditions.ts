import { formatTime } from "./time-format.ts";

/** What metav1.Condition and cert-manager's conditions have in common. */
export interface ConditionLike {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
  /** RFC 3339, whole seconds. */
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
}

/**
 * The conditions with `next` in place of the one of its type, or at the end. `lastTransitionTime` moves only when the status changes.
 * Returns `conditions` itself when nothing changes, so that `===` tells whether a write is needed.
 *
 * @example setCondition(status.conditions ?? [], { type: "Ready", status: "True", reason: "Issued" }, clock.now())
 * @param now milliseconds since the epoch
 */
export function setCondition<C extends ConditionLike>(
  conditions: readonly C[],
  next: Omit<C, "lastTransitionTime">,
  now: number,
): readonly C[] {
  const index = conditions.findIndex((condition) => condition.type === next.type);
  const old = conditions[index];
  const lastTransitionTime =
    old?.status === next.status && old.lastTransitionTime !== undefined ? old.lastTransitionTime : formatTime(now);
  const merged = { ...next, lastTransitionTime } as unknown as C;
  if (old === undefined) return [...conditions, merged];
  return isSame(old, merged) ? conditions : conditions.with(index, merged);
}

/** The condition of a type. */
export function findCondition<C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

function isSame(a: ConditionLike, b: ConditionLike): boolean {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof ConditionLike>;
  return [...fields].every((field) => a[field] === b[field]);
}
