import { mayDropEntry, type Root } from "@capstan/ca-core";
import { capacityOf, countEntries, type CrlCapacity, mostEntries } from "./crl-capacity.ts";
import type { RevocationEntry } from "./revocation-entries.ts";

/** AWS never fetches a CRL and does not say what a passed nextUpdate does, so it is far away; freshness has its own alarm. */
export const crlValiditySeconds: number = 30 * 24 * 3600;

/** A CRL is made anew after so long without news, so that an old one means that something is wrong. */
export const crlRefreshSeconds = 3_600;

/** Two CRLs of one second are dated a second apart, and numbered by the clock: so far apart may number and date be. */
const numberSlackMs = 5_000;

/** The CRL that was last checked and stored, as read from its bytes. */
export interface PublishedCrl {
  readonly number: bigint;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly serials: ReadonlySet<string>;
  /** Those of them whose reason it says to be a key compromise. */
  readonly compromised: ReadonlySet<string>;
}

export type CrlPlan = { readonly capacity: CrlCapacity } & (
  | { readonly do: "nothing" }
  | { readonly do: "refuse"; readonly message: string }
  | {
      readonly do: "publish";
      readonly because: "first" | "revocations" | "refresh";
      /** What the next CRL lists, less the sentinel that is minted with it. Their reasons stand in the CRL unless `capacity` says otherwise. */
      readonly entries: readonly RevocationEntry[];
    }
);

/**
 * Decides whether a generation needs a new CRL and what it lists.
 *
 * An entry is dropped only when the published CRL names it and was issued after the certificate's notAfter: see
 * `mayDropEntry`. The first time and reason stay, but for a key compromise, which replaces another reason. What there is
 * no room for waits, key compromises last: everything else is published all the same.
 */
export function planCrl(input: {
  /** Entries of the RevocationList. */
  readonly listed: readonly RevocationEntry[];
  /** Entries that the ledger marks as revoked, whether the list has them or not. */
  readonly revoked: readonly RevocationEntry[];
  readonly published: PublishedCrl | undefined;
  /** Seconds since 1970. */
  readonly now: number;
  readonly root: Root;
  /** Whether every trust anchor was read. */
  readonly areAnchorsRead: boolean;
  /** Size of the RevocationList as JSON. */
  readonly listBytes?: number;
}): CrlPlan {
  const { published, now, root, listBytes = 0 } = input;
  const kept = withRaisedReasons(input).filter(({ serial, notAfter }) => {
    const listedAt = published?.serials.has(serial) === true ? published.thisUpdate : undefined;
    return !mayDropEntry({ notAfter: new Date(notAfter * 1000), listedAt });
  });
  const known = new Set(input.listed.map(({ serial }) => serial));
  const added = input.revoked
    // A certificate that has already expired needs no entry: nobody accepts it any more.
    .filter(({ serial, notAfter }) => !known.has(serial) && notAfter > now)
    .toSorted(byUrgency);
  const room = Math.max(0, mostEntries(root) - kept.length);
  const admitted = added.slice(0, room);
  const entries = [...kept, ...admitted];
  const capacity = capacityOf({
    root,
    count: countEntries(entries),
    waiting: added.length - admitted.length,
    listBytes,
  });
  const because = reasonToPublish(entries, capacity, input);
  if (because === undefined) return { do: "nothing", capacity };
  if (kept.length > mostEntries(root)) {
    const message = `the CRL would have ${kept.length + 1} entries, and AWS takes ${mostEntries(root) + 1} of this root; rotate to a new generation`;
    return { do: "refuse", message, capacity };
  }
  return { do: "publish", because, entries, capacity };
}

type Input = Parameters<typeof planCrl>[0];

/** The listed entries, with the reason of those that the ledger says were compromised since. */
function withRaisedReasons({ listed, revoked }: Input): readonly RevocationEntry[] {
  const compromised = new Set(revoked.filter(isCompromised).map(({ serial }) => serial));
  return listed.map((entry) => (compromised.has(entry.serial) ? { ...entry, reason: "keyCompromise" } : entry));
}

/** Key compromises first, then the oldest. */
function byUrgency(a: RevocationEntry, b: RevocationEntry): number {
  return Number(isCompromised(b)) - Number(isCompromised(a)) || a.revokedAt - b.revokedAt;
}

function reasonToPublish(
  entries: readonly RevocationEntry[],
  { reasons }: CrlCapacity,
  { published, now, areAnchorsRead }: Input,
): Extract<CrlPlan, { readonly do: "publish" }>["because"] | undefined {
  if (published === undefined) return "first";
  const isNews = (entry: RevocationEntry): boolean =>
    !published.serials.has(entry.serial) ||
    (reasons === "Listed" && isCompromised(entry) && !published.compromised.has(entry.serial));
  if (entries.some(isNews)) return "revocations";
  // What AWS gets is numbered by the clock, so that it shows when our state was restored from a backup.
  const isNumberedLow = Number(published.number) + numberSlackMs < published.thisUpdate.getTime();
  if (areAnchorsRead && isNumberedLow) return "refresh";
  return now - published.thisUpdate.getTime() / 1000 >= crlRefreshSeconds ? "refresh" : undefined;
}

function isCompromised({ reason }: RevocationEntry): boolean {
  return reason === "keyCompromise";
}
