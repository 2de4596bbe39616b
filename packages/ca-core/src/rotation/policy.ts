/** Durations of a rotation, in milliseconds. */
export interface RotationPolicy {
  /** The longest leaf of the authority. */
  readonly maxLeafMs: number;
  /** How long before a root's end the next generation is begun; never more than half of the root's life. */
  readonly leadMs: number;
  /** How long every anchor is read back equal before the switch. */
  readonly soakMs: number;
  /** How many equal read-backs in a row the switch needs. */
  readonly readBacks: number;
  /** Added to the end of every drain, for clocks that differ: AWS itself allows five minutes. */
  readonly skewMs: number;
  /** How long the key of a retired generation is kept. */
  readonly retentionMs: number;
  /** How long a new generation may take to become active before it is abandoned, and the pause after that. */
  readonly publishDeadlineMs: number;
  /** How often a trust anchor is read back. */
  readonly readEveryMs: number;
  /** How long a removal intent is good for. */
  readonly intentMs: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/**
 * The defaults: they differ by the longest leaf alone.
 *
 * @param maxLeafMs `spec.maxLeafDuration`, in milliseconds
 *
 * @example
 * const policy = { ...rotationPolicy(7 * 86_400_000), retentionMs: 30 * 86_400_000 };
 */
export function rotationPolicy(maxLeafMs: number): RotationPolicy {
  return {
    maxLeafMs,
    // Two drains and two weeks, so that a rotation that fails can be abandoned and tried again.
    leadMs: Math.max(30 * DAY, 2 * maxLeafMs + 14 * DAY),
    soakMs: 15 * MINUTE,
    readBacks: 3,
    skewMs: 10 * MINUTE,
    retentionMs: 7 * DAY,
    publishDeadlineMs: 3 * DAY,
    readEveryMs: 5 * MINUTE,
    intentMs: 30_000,
  };
}

/**
 * When the generation after this root's is begun: `notAfter - min(life / 2, lead)`.
 *
 * @param root instants, in milliseconds since 1970
 *
 * @example
 * nextRotationAt({ notBefore: 0, notAfter: 365 * 86_400_000 }, rotationPolicy(7 * 86_400_000)); // 30 days earlier
 */
export function nextRotationAt(
  root: { readonly notBefore: number; readonly notAfter: number },
  policy: Pick<RotationPolicy, "leadMs">,
): number {
  return root.notAfter - Math.min((root.notAfter - root.notBefore) / 2, policy.leadMs);
}
