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
  /** At this number of records requests wait: from there on, expired ones go before their time. */
  readonly limit: number;
}

export interface PruningPlan {
  /** Their time is over. */
  readonly due: readonly LedgerEntry[];
  /** Expired, and in the way of new ones: the longest expired first. */
  readonly early: readonly LedgerEntry[];
}

/** What a full ledger gives up at once, of its limit: room until the next look, a minute later. */
const roomShare = 0.01;

/**
 * The latest end of a leaf, in milliseconds since 1970, whose record {@link planPruning} may choose.
 *
 * @param total records in the ledger
 */
export function latestEndToPrune(total: number, { now, retentionMs, limit }: PruningRules): number {
  return now - Math.max(total >= limit ? 0 : retentionMs, lastSecondMs);
}

/**
 * Chooses which records to look at for removal. Whether one really goes is decided on the record itself: see
 * {@link reasonToKeep}.
 *
 * @param entries those up to {@link latestEndToPrune}, and those without an end
 * @param total records in the ledger
 */
export function planPruning(entries: readonly LedgerEntry[], total: number, rules: PruningRules): PruningPlan {
  const { now, retentionMs, limit } = rules;
  // A record without a label is looked at each time: nothing of it is believed until it is read.
  const isDue = ({ notAfter }: LedgerEntry): boolean =>
    notAfter === undefined || notAfter + Math.max(retentionMs, lastSecondMs) <= now;
  const due = entries.filter(isDue);
  const left = total - due.length;
  const surplus = left < limit ? 0 : left - Math.floor(limit * (1 - roomShare));
  const early = entries
    .filter((entry) => !isDue(entry) && hasExpired(entry, now))
    .toSorted((one, other) => (one.notAfter ?? 0) - (other.notAfter ?? 0))
    .slice(0, surplus);
  return { due, early };
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
