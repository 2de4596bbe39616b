import { createHash } from "node:crypto";
import { quotaLabel } from "@capstan/api";
import type { QuotaOwner, ReadTaken } from "@capstan/policy";
import { type LedgerPlace, readLedgerMetadata } from "../ledger/ledger-index.ts";

/**
 * Value of the label that says out of whose quota a record's certificate was taken, and in which of its periods: 40 hex
 * digits. Periods are counted from 1970, so that who looks for the latest knows what to look for.
 */
export function quotaLabelOf(owner: QuotaOwner, takenMs: number): string {
  return labelOfPeriod(owner, periodOf(owner, takenMs));
}

/** Reads from the ledger what was taken out of a quota in the last two periods, by whichever leader. */
export function takenByRecords(place: LedgerPlace, nowMs: () => number): ReadTaken {
  return async (owner, signal) => {
    const now = nowMs();
    // The next one too: the clock of the leader before may have been ahead.
    const periods = [-2, -1, 0, 1].map((by) => labelOfPeriod(owner, periodOf(owner, now) + by));
    const taken: number[] = [];
    for await (const record of readLedgerMetadata(place, `${quotaLabel} in (${periods.join(",")})`, signal)) {
      taken.push(record.creationTimestamp === undefined ? now : Date.parse(record.creationTimestamp));
    }
    return taken;
  };
}

function periodOf({ limit }: QuotaOwner, ms: number): number {
  return Math.floor(ms / limit.perMs);
}

function labelOfPeriod({ issuer, namespace, limit }: QuotaOwner, period: number): string {
  const of = [issuer, namespace, limit.perMs, period];
  return createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 40);
}
