import type { CrlReading } from "./observation.ts";

type Candidate = Pick<CrlReading, "id" | "enabled" | "number" | "current">;

/**
 * Of several CRLs of one generation in an anchor, the one that is kept up and stays: one that is in force, of these the newest. So
 * deleting the others takes nothing out of force that it does not name. The same one whenever the same is read.
 *
 * @example
 * const one = { id: "a", enabled: true, number: 41n, current: false };
 * crlToKeep([{ ...one, id: "b", enabled: false, number: 42n, current: true }, one])?.id // "a"
 */
export function crlToKeep<T extends Candidate>(crls: readonly T[]): T | undefined {
  return crls.toSorted(
    (left, right) =>
      Number(right.enabled) - Number(left.enabled) ||
      Number(right.number - left.number) ||
      Number(right.current) - Number(left.current) ||
      (left.id < right.id ? -1 : 1),
  )[0];
}
