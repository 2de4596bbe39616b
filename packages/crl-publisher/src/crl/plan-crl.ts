import { forecastCrlSize, MAX_CRL_CHARACTERS, mayDropEntry, type Root } from "@capstan/ca-core";
import type { RevocationEntry } from "./revocation-entries.ts";

/** AWS never fetches a CRL and does not say what a passed nextUpdate does, so it is far away; freshness has its own alarm. */
export const crlValiditySeconds: number = 30 * 24 * 3600;

/** What the schema of RevocationList takes. AWS takes fewer when the entries have reasons: see {@link planCrl}. */
export const maxEntries = 6_500;

/** The CRL that was last checked and stored, as read from its bytes. */
export interface PublishedCrl {
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly serials: ReadonlySet<string>;
}

export type CrlPlan =
  | { readonly do: "nothing" }
  | { readonly do: "refuse"; readonly message: string }
  | {
      readonly do: "publish";
      readonly because: "first" | "revocations" | "refresh";
      /** What the next CRL lists, less the sentinel that is minted with it. */
      readonly entries: readonly RevocationEntry[];
    };

/**
 * Decides whether a generation needs a new CRL and what it lists.
 *
 * An entry is dropped only when the published CRL names it and was issued after the certificate's notAfter: see
 * `mayDropEntry`.
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
}): CrlPlan {
  const { listed, revoked, published, now, root } = input;
  const known = new Set(listed.map(({ serial }) => serial));
  // A certificate that has already expired needs no entry: nobody accepts it any more.
  const added = revoked.filter(({ serial, notAfter }) => !known.has(serial) && notAfter > now);
  const all = [...listed, ...added];
  const unpublished = all.some(({ serial }) => published?.serials.has(serial) !== true);
  const because =
    published === undefined
      ? "first"
      : unpublished
        ? "revocations"
        : published.nextUpdate.getTime() / 1000 - now < crlValiditySeconds / 2
          ? "refresh"
          : undefined;
  if (because === undefined) return { do: "nothing" };
  const entries = all.filter(({ serial, notAfter }) => {
    const listedAt = published?.serials.has(serial) === true ? published.thisUpdate : undefined;
    return !mayDropEntry({ notAfter: new Date(notAfter * 1000), listedAt });
  });
  const fault = faultOfSize(entries, root);
  if (fault !== undefined) return { do: "refuse", message: `the CRL would have ${fault}; rotate to a new generation` };
  return { do: "publish", because, entries };
}

/** What is too large about a CRL with these entries and a sentinel. */
function faultOfSize(entries: readonly RevocationEntry[], root: Root): string | undefined {
  const count = entries.length + 1;
  if (count > maxEntries) return `${count} entries, more than ${maxEntries}`;
  const withReason = entries.filter(({ reason }) => reason !== "unspecified").length + 1;
  const { characters } = forecastCrlSize({ root, entries: count, withReason });
  return characters > MAX_CRL_CHARACTERS
    ? `${characters} characters, more than the ${MAX_CRL_CHARACTERS} that AWS takes`
    : undefined;
}
