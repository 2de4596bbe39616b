import type { RuntimeMetrics } from "@capstan/kube";
import { Counter, Gauge } from "prom-client";
import type { LedgerRoom } from "./ledger-room.ts";

/** Alert on records / limit: at 1 requests wait. */
export interface LedgerMetrics {
  readonly pruned: Counter<"why">;
  show(room: LedgerRoom): void;
}

export function createLedgerMetrics({ registry }: Pick<RuntimeMetrics, "registry">): LedgerMetrics {
  const registers = [registry];
  const records = new Gauge({
    name: "capstan_ledger_records",
    help: "Records in the ledger, as this process counted them last; only the leader counts.",
    registers,
  });
  const limit = new Gauge({
    name: "capstan_ledger_limit",
    help: "Records that the ledger takes at most: at this number requests wait.",
    registers,
  });
  const pruned = new Counter({
    name: "capstan_ledger_pruned_total",
    help: "Records removed, by why: their time was over (retention), or room was needed (limit).",
    labelNames: ["why"],
    registers,
  });
  // So that rate() sees the first of each.
  for (const why of ["retention", "limit"]) pruned.inc({ why }, 0);
  return {
    pruned,
    show(room) {
      limit.set(room.limit);
      if (room.count !== undefined) records.set(room.count);
    },
  };
}
