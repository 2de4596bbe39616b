import type { AnchorReading } from "./observation.ts";

/**
 * Counts a new reading of an anchor: how many in a row found the same certificates, in whatever order, in the same
 * state. `previous` is this process's last reading; a start begins anew.
 *
 * @example
 * const reading = countReading(undefined, { readAt: Date.now(), state: "Present", bundle: [fingerprint], crls: [] });
 */
export function countReading(previous: AnchorReading | undefined, found: Omit<AnchorReading, "equal">): AnchorReading {
  const isSame = previous !== undefined && previous.state === found.state && sameBundle(previous.bundle, found.bundle);
  const equal = isSame
    ? { count: previous.equal.count + 1, since: previous.equal.since }
    : { count: 1, since: found.readAt };
  return { ...found, equal };
}

/** Whether two bundles hold the same certificates. AWS keeps no order, and neither do we. */
export function sameBundle(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((fingerprint) => right.includes(fingerprint));
}
