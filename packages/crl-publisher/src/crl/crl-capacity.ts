import { forecastCrlSize, MAX_CRL_CHARACTERS, type RevocationReason, type Root } from "@capstan/ca-core";

/** What the schema of RevocationList takes. AWS takes a little fewer: see {@link mostEntries}. */
export const maxEntries = 6_500;

/** etcd takes requests of 1.5 MiB (its `--max-request-bytes`), and the list is written as a whole. */
const maxListBytes = 1_572_864;

/** At which part of what a CRL may hold something happens; 1 is full. */
export const capacityMarks = {
  /** Status and an event say so. */
  warn: 0.6,
  /** Reasons are left out of the CRL: they take 14 of an entry's 51 octets. The RevocationList keeps them. */
  leaveReasonsOut: 0.8,
  /** Only an administrator's key compromises are taken in any more, and revoking the generation is proposed. */
  full: 0.95,
} as const;

/** How much of its room a generation's CRL takes. */
export interface CrlCapacity {
  /** PEM characters of the next CRL, at most. */
  readonly characters: number;
  /** With the sentinel that goes with every CRL. */
  readonly entries: number;
  /** Part of what AWS, the list's schema or etcd takes, whichever is fullest: 1 is full. */
  readonly fill: number;
  readonly reasons: "Listed" | "LeftOut";
  /** Revoked leaves that there is no room for. */
  readonly waiting: number;
}

/** Every CRL also revokes a leaf of the publisher's own. */
const sentinels = 1;

/** How many entries there are, and how many of them have a reason. The sentinel is not among them. */
export interface EntryCount {
  readonly entries: number;
  readonly withReason: number;
}

export function countEntries(entries: readonly { readonly reason: RevocationReason }[]): EntryCount {
  return { entries: entries.length, withReason: entries.filter(({ reason }) => reason !== "unspecified").length };
}

/**
 * How full a CRL with so many entries is. Reasons are left out of it from 80 percent on: what is returned is the size without
 * them then.
 *
 * @param input.waiting revoked leaves that it has no room for
 * @param input.listBytes size of the RevocationList as JSON
 *
 * @example
 * capacityOf({ root, count: { entries: 1, withReason: 1 } }).reasons // "Listed"
 */
export function capacityOf(input: {
  readonly root: Root;
  readonly count: EntryCount;
  readonly waiting?: number;
  readonly listBytes?: number;
}): CrlCapacity {
  const { root, count, waiting = 0, listBytes = 0 } = input;
  const entries = count.entries + sentinels;
  const all = forecastCrlSize({ root, entries, withReason: count.withReason + sentinels });
  const reasons = all.fill < capacityMarks.leaveReasonsOut ? "Listed" : "LeftOut";
  const { characters, fill } = reasons === "Listed" ? all : forecastCrlSize({ root, entries, withReason: 0 });
  return {
    characters,
    entries,
    fill: Math.max(fill, entries / maxEntries, listBytes / maxListBytes),
    reasons,
    waiting,
  };
}

/** The most entries that a CRL of this root can hold beside its sentinel, with reasons left out. */
export function mostEntries(root: Root): number {
  let [fits, tooMany] = [0, maxEntries];
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >>> 1;
    const { characters } = forecastCrlSize({ root, entries: middle + sentinels, withReason: 0 });
    if (characters <= MAX_CRL_CHARACTERS) fits = middle;
    else tooMany = middle;
  }
  return fits;
}
