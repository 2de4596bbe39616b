import { Controller, type EventRecorder, type ProgramContext, systemClock } from "@capstan/kube";
import type { Caches } from "../caches.ts";
import { isRequestWaiting } from "./is-request-waiting.ts";
import { createLedgerMetrics } from "./ledger-metrics.ts";
import type { LedgerRoom } from "./ledger-room.ts";
import { ledgerKey, ledgerReconciler } from "./reconcile-ledger.ts";

/** Counts and prunes the ledger while this process leads. */
export function createLedgerController(
  options: Pick<ProgramContext, "client" | "log" | "metrics"> & {
    readonly namespace: string;
    readonly retentionMs: number;
    readonly room: LedgerRoom;
    readonly caches: Caches;
    readonly events: EventRecorder;
    readonly now: () => Date;
  },
): Controller {
  const { caches, log, metrics } = options;
  const controller = new Controller({
    log,
    metrics,
    name: ledgerKey,
    workers: 1,
    reconcile: ledgerReconciler({
      ...options,
      isWaiting: (record) => isRequestWaiting(caches, record),
      authorities: caches.authorities.store,
      metrics: createLedgerMetrics(metrics, options.room),
      clock: systemClock,
    }),
  });
  // Whether a request still waits is asked of these: nothing is removed before they are complete.
  controller.watch(caches.requests, () => []);
  controller.watch(caches.signingRequests, () => []);
  controller.watch(caches.authorities, () => []);
  controller.enqueue(ledgerKey);
  return controller;
}
