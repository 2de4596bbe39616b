import { type CertificateAuthority, type IssuedCertificate, issuedCertificateResource } from "@capstan/api";
import {
  type Clock,
  type EventRecorder,
  isConflict,
  isNotFound,
  type KubeClient,
  type Logger,
  type ReadonlyStore,
  type Reconciler,
  sleep,
  TokenBucket,
} from "@capstan/kube";
import { countLedger, readLedgerIndex } from "./ledger-index.ts";
import type { LedgerMetrics } from "./ledger-metrics.ts";
import type { LedgerRoom } from "./ledger-room.ts";
import { latestEndToPrune, type LedgerEntry, planPruning, reasonToKeep } from "./plan-pruning.ts";

/** The only key of this reconciler. */
export const ledgerKey = "ledger";

const countEveryMs = 60_000;
const pruneEveryMs = 3_600_000;
/** Removals a second: more than anybody issues for long, and little to the API server. */
const removalsPerSecond = 50;

export interface LedgerReconcilerOptions {
  readonly client: KubeClient;
  /** Where the ledger is. */
  readonly namespace: string;
  /** Milliseconds. */
  readonly retentionMs: number;
  readonly room: LedgerRoom;
  /** Whether the request of a record still waits for its answer. */
  readonly isWaiting: (record: IssuedCertificate) => boolean;
  /** Told when the ledger is full. */
  readonly authorities: ReadonlyStore<CertificateAuthority>;
  readonly events: EventRecorder;
  readonly metrics: LedgerMetrics;
  readonly now: () => Date;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Counts the ledger every minute, and every hour, or at once when it is full, removes what it need not hold any longer.
 * Run it while leading alone.
 *
 * It holds no records: it pages through the metadata of those that have expired, reads each of them, and removes it on the
 * condition that it is still what was read.
 */
export function ledgerReconciler(options: LedgerReconcilerOptions): Reconciler {
  const { room, metrics, clock, log } = options;
  let prunedAt: number | undefined;
  return async (_, signal) => {
    room.counted(await countLedger(options, signal));
    metrics.show();
    const isTime = prunedAt === undefined || clock.monotonic() - prunedAt >= pruneEveryMs;
    if (isTime || room.isFull) {
      const removed = await prune(options, signal);
      prunedAt = clock.monotonic();
      metrics.show();
      if (removed > 0) log.info({ removed, records: room.count }, "removed expired ledger records");
    }
    if (room.isFull) tell(options);
    return { requeueAfterMs: countEveryMs };
  };
}

/** Returns how many records it removed. */
async function prune(options: LedgerReconcilerOptions, signal: AbortSignal): Promise<number> {
  const { room, retentionMs, metrics, clock } = options;
  const total = room.count ?? 0;
  const rules = { now: options.now().getTime(), retentionMs, limit: room.limit };
  const entries: LedgerEntry[] = [];
  for await (const entry of readLedgerIndex(options, latestEndToPrune(total, rules), signal)) entries.push(entry);
  const { due, early } = planPruning(entries, total, rules);
  const pace = new TokenBucket({ perSecond: removalsPerSecond, burst: removalsPerSecond, clock });
  let removed = 0;
  for (const [entries, why] of [
    [due, "retention"],
    [early, "limit"],
  ] as const) {
    for (const { name } of entries) {
      const delayMs = pace.reserve();
      if (delayMs > 0) await sleep(clock, delayMs, signal);
      signal.throwIfAborted();
      if (!(await remove(options, name, why === "limit" ? 0 : retentionMs, signal))) continue;
      removed += 1;
      room.removed();
      metrics.pruned.inc({ why });
    }
  }
  return removed;
}

/** Returns whether this removed it. */
async function remove(
  { client, namespace, isWaiting, now, log }: LedgerReconcilerOptions,
  name: string,
  retentionMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const ref = { namespace, name };
  const record = await client.getOrUndefined<IssuedCertificate>(issuedCertificateResource, ref, { signal });
  if (record === undefined) return false;
  const keep = reasonToKeep(record, { now: now().getTime(), retentionMs }, isWaiting);
  if (keep !== undefined) {
    log.debug({ name, keep }, "a ledger record stays");
    return false;
  }
  const { uid, resourceVersion } = record.metadata;
  try {
    await client.delete(issuedCertificateResource, ref, { uid, resourceVersion, signal });
    return true;
  } catch (error) {
    // Revoked a moment ago, or removed by somebody: the next look decides anew.
    if (isConflict(error) || isNotFound(error)) return false;
    throw error;
  }
}

function tell({ authorities, events, room, log }: LedgerReconcilerOptions): void {
  const note = `Requests wait: ${room.refusal ?? ""}`;
  log.error({ records: room.count, limit: room.limit }, "the ledger is full, so requests wait");
  for (const regarding of authorities.list()) {
    events.record({ regarding, type: "Warning", reason: "LedgerFull", action: "Record", note });
  }
}
