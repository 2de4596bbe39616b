import { createMetricsOf, type MetricsOf, type RuntimeMetrics } from "@capstan/kube";
import type { LedgerRoom } from "./ledger-room.ts";

/** Of the ledger. */
export const ledgerMetricTable = {
  capstan_ledger_records: {
    type: "gauge",
    labels: [],
    help: "Records in the ledger, as this process counted them last; only the leader counts.",
    alert: "above 0.8 of capstan_ledger_limit: at 1 requests wait",
  },
  capstan_ledger_limit: {
    type: "gauge",
    labels: [],
    help: "Records that the ledger takes at most: at this number requests wait.",
  },
  capstan_ledger_pruned_total: {
    type: "counter",
    labels: ["why"],
    help: "Records removed, by why: their time was over (retention), or room was needed (limit).",
    alert: "any rise of limit: what audits look for is gone early",
  },
} as const;

export interface LedgerMetrics {
  readonly pruned: MetricsOf<typeof ledgerMetricTable>["capstan_ledger_pruned_total"];
  show(): void;
}

export function createLedgerMetrics(runtime: Pick<RuntimeMetrics, "registry">, room: LedgerRoom): LedgerMetrics {
  const metrics = createMetricsOf(ledgerMetricTable, runtime);
  // Also of who does not lead and has counted nothing: a ledger of none that takes none would be full.
  metrics.capstan_ledger_limit.set(room.limit);
  const pruned = metrics.capstan_ledger_pruned_total;
  // So that rate() sees the first of each.
  for (const why of ["retention", "limit"] as const) pruned.inc({ why }, 0);
  return {
    pruned,
    show() {
      if (room.count !== undefined) metrics.capstan_ledger_records.set(room.count);
    },
  };
}
