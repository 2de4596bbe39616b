import type { AnchorReading } from "./observation.ts";
import type { RotationPolicy } from "./policy.ts";

/**
 * Counts a new reading of an anchor: how many in a row found the same certificates, in whatever order, in the same
 * state. After a gap of more than two periods the count begins anew: nobody knows what was there in between.
 *
 * @param previous this process's last reading since it became the leader; undefined for none
 *
 * @example
 * const found = { readAt: Date.now(), state: "Present", bundle: [root.sha256], crls: [] } as const;
 * const reading = countReading(undefined, found, rotationPolicy(7 * 86_400_000));
 */
export function countReading(
  previous: AnchorReading | undefined,
  found: Omit<AnchorReading, "equal">,
  { readEveryMs }: Pick<RotationPolicy, "readEveryMs">,
): AnchorReading {
  const isNext =
    previous !== undefined &&
    Math.abs(found.readAt - previous.readAt) <= 2 * readEveryMs &&
    previous.state === found.state &&
    sameBundle(previous.bundle, found.bundle);
  const equal = isNext
    ? { count: previous.equal.count + 1, since: previous.equal.since }
    : { count: 1, since: found.readAt };
  return { ...found, equal };
}

/** Whether two bundles hold the same certificates. AWS keeps no order, and neither do we. */
export function sameBundle(left: readonly string[], right: readonly string[]): boolean {
  return left.toSorted().join() === right.toSorted().join();
}
