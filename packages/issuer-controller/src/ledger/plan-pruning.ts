import type { IssuedCertificate } from "@capstan/api";

/** A certificate is valid through the second of its notAfter (RFC 5280, 4.1.2.5). */
const lastSecondMs = 1000;

/** What a list of metadata alone tells of a ledger record. */
export interface LedgerEntry {
  readonly name: string;
  /** End of its leaf in milliseconds since 1970; undefined when its label does not say. */
  readonly notAfter: number | undefined;
}

export interface PruningRules {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How long after its leaf's end a record is kept, in milliseconds. */
  readonly retentionMs: number;
  /** Records that the ledger should hold at most: beyond it, expired ones go before their time. */
  readonly limit: number;
}

export interface PruningPlan {
  /** Their time is over. */
  readonly due: readonly LedgerEntry[];
  /** Expired, and in the way of new ones: the longest expired first. */
  readonly early: readonly LedgerEntry[];
}

/**
 * Chooses which records to look at for removal, out of those that `mayBePruned` let through. Whether one really goes is
 * decided on the record itself: see {@link reasonToKeep}.
 *
 * @param total records in the ledger
 */
export function planPruning(
  entries: readonly LedgerEntry[],
  total: number,
  { now, retentionMs, limit }: PruningRules,
): PruningPlan {
  // A record without a label is looked at each time: nothing of it is believed until it is read.
  const isDue = ({ notAfter }: LedgerEntry): boolean =>
    notAfter === undefined || notAfter + Math.max(retentionMs, lastSecondMs) <= now;
  const due = entries.filter(isDue);
  const surplus = Math.max(0, total - due.length - limit);
  const early = entries
    .filter((entry) => !isDue(entry) && hasExpired(entry, now))
    .toSorted((one, other) => (one.notAfter ?? 0) - (other.notAfter ?? 0))
    .slice(0, surplus);
  return { due, early };
}

/** Whether an entry of the ledger is worth keeping in mind: of a hundred thousand, most are not. */
export function mayBePruned(entry: LedgerEntry, now: number): boolean {
  return entry.notAfter === undefined || hasExpired(entry, now);
}

function hasExpired({ notAfter }: LedgerEntry, now: number): boolean {
  return notAfter !== undefined && notAfter + lastSecondMs <= now;
}

/**
 * Why a record stays; undefined when it may go. Decided on the spec, which nobody can change, never on the label.
 *
 * @param isWaiting whether the request of the record still waits for its answer: without the record it would be signed a
 *   second leaf
 */
export function reasonToKeep(
  record: IssuedCertificate,
  rules: Pick<PruningRules, "now" | "retentionMs">,
  isWaiting: (record: IssuedCertificate) => boolean,
): "valid" | "retained" | "waiting" | undefined {
  const end = Date.parse(record.spec.notAfter);
  // Also when the time cannot be read: what is not known to have expired may be in use, and may have to be revoked.
  if (!(end + lastSecondMs <= rules.now)) return "valid";
  if (end + rules.retentionMs > rules.now) return "retained";
  return isWaiting(record) ? "waiting" : undefined;
}
