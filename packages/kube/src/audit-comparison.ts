import { isRecorded } from "./audit-chain.ts";
import type { AuditReading, ReadSignature } from "./audit-reader.ts";

/** What the ledger says of one leaf. */
export interface LedgerLeaf {
  /** Of the ledger record. */
  readonly name: string;
  readonly authority: string;
  readonly generation: number;
  /** Lower-case hex. */
  readonly serial: string;
  /** SHA-256 of the certificate in DER, lower-case hex. */
  readonly sha256: string;
  readonly createdAt: Date;
}

export interface LedgerComparison {
  /**
   * Leaves that were signed, or may have been, and are in no record: nobody was given them, if nobody stole them. Crashes
   * and two replicas at once leave some behind.
   */
  readonly neverReleased: readonly ReadSignature[];
  /** Leaves in the ledger that no line tells of: signed elsewhere with the same key, or cut off from the log. */
  readonly withoutLine: readonly LedgerLeaf[];
  /** Leaves in the ledger whose bytes are not those that were signed. */
  readonly differing: readonly LedgerLeaf[];
  /** `authority-generation serial` of more than one signature, or of more than one record. */
  readonly serialsTwice: readonly string[];
  /** Leaves found in both. */
  readonly matched: number;
  /** Signed, without a record, and expired so long ago that the record would have been pruned: nothing can be said. */
  readonly pruned: number;
  /** Signed or recorded so lately that the other half need not be there yet. */
  readonly inFlight: number;
  /** Records older than the first line of the log. */
  readonly beforeLog: number;
}

export interface LedgerComparisonOptions {
  readonly reading: AuditReading;
  /** The whole ledger, read after the log. */
  readonly leaves: Iterable<LedgerLeaf>;
  /** When the log was read. */
  readonly now: Date;
  /** How long after its expiry a record is kept at least, in milliseconds. */
  readonly retentionMs: number;
  /** How far apart a signature and its record may be, in milliseconds, clocks included. Default one minute. */
  readonly graceMs?: number;
}

/**
 * Reads audit log and ledger together. Read the log first and the ledger after it: then whatever was released has both.
 *
 * @example
 * const { neverReleased, withoutLine } = compareWithLedger({ reading: reader.finish(), leaves, now, retentionMs: 86_400_000 });
 */
export function compareWithLedger(options: LedgerComparisonOptions): LedgerComparison {
  const { reading, now, retentionMs, graceMs = 60_000 } = options;
  const leaves = [...options.leaves];
  const signatures = reading.signatures.filter(({ purpose, outcome }) => isRecorded[purpose] && outcome !== "failed");
  const signed = Map.groupBy(signatures, serialOf);
  const recorded = Map.groupBy(leaves, serialOf);
  const firstLine = Math.min(...reading.chains.map(({ from }) => Date.parse(from)));

  const withoutLine: LedgerLeaf[] = [];
  const differing: LedgerLeaf[] = [];
  let beforeLog = 0;
  let inFlight = 0;
  let matched = 0;
  for (const leaf of leaves) {
    const mine = signed.get(serialOf(leaf)) ?? [];
    if (mine.length > 0) {
      // The line after the signature may be missing; the one before it does not know the bytes.
      const isSame = mine.some(({ sha256 }) => sha256 === undefined || sha256 === leaf.sha256);
      if (isSame) matched += 1;
      else differing.push(leaf);
    } else if (leaf.createdAt.getTime() < firstLine) beforeLog += 1;
    // What was signed after the log had been read is not in it.
    else if (leaf.createdAt.getTime() + graceMs > now.getTime()) inFlight += 1;
    else withoutLine.push(leaf);
  }

  const neverReleased: ReadSignature[] = [];
  let pruned = 0;
  for (const signature of signatures) {
    if (recorded.has(serialOf(signature))) continue;
    const end = signature.notAfter === undefined ? Number.POSITIVE_INFINITY : Date.parse(signature.notAfter);
    if (end + retentionMs < now.getTime()) pruned += 1;
    else if (Date.parse(signature.at) + graceMs > now.getTime()) inFlight += 1;
    else neverReleased.push(signature);
  }

  const serialsTwice = [...signed, ...recorded].filter(([, those]) => those.length > 1).map(([serial]) => serial);
  return {
    neverReleased,
    withoutLine,
    differing,
    serialsTwice: [...new Set(serialsTwice)],
    matched,
    pruned,
    inFlight,
    beforeLog,
  };
}

/** A serial number is unique to its issuer, and each generation is one (RFC 5280, 4.1.2.2). */
function serialOf(leaf: { readonly authority: string; readonly generation: number; readonly serial?: string }): string {
  return `${leaf.authority}-${leaf.generation} ${leaf.serial ?? ""}`;
}
