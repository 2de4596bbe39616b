import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/**
 * The runtime's metrics, named as in client-go and controller-runtime so that existing dashboards and alerts fit.
 * One per process; a program adds its own to `registry`, beginning with `capstan_`.
 */
export interface RuntimeMetrics {
  readonly registry: Registry;
  /** code: HTTP status, or "<error>" when no answer came. method: WATCH for watches. */
  readonly clientRequests: Counter<"code" | "method">;
  readonly queueDepth: Gauge<"name" | "controller">;
  readonly queueAdds: Counter<"name" | "controller">;
  readonly queueRetries: Counter<"name" | "controller">;
  readonly queueDuration: Histogram<"name" | "controller">;
  readonly workDuration: Histogram<"name" | "controller">;
  readonly unfinishedWork: Gauge<"name" | "controller">;
  readonly longestRunning: Gauge<"name" | "controller">;
  readonly reconciles: Counter<"controller" | "result">;
  readonly reconcileErrors: Counter<"controller">;
  readonly terminalErrors: Counter<"controller">;
  readonly reconcileTime: Histogram<"controller">;
  readonly activeWorkers: Gauge<"controller">;
  readonly maxWorkers: Gauge<"controller">;
  /** 1 while this process leads. */
  readonly leader: Gauge<"name">;
  /** Runs the callback at each scrape with the age of a reflector's last sign of life. */
  readonly reflectorActivity: Gauge<"reflector">;
  /** Called at each scrape, before values are read. */
  onScrape(collect: () => void): void;
}

// client-go's buckets: 10 ns to 1000 s, less the four below what this clock resolves.
const queueBuckets = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000];
const reconcileBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createMetrics(): RuntimeMetrics {
  const registry = new Registry();
  const registers = [registry];
  const collectors: (() => void)[] = [];
  const queueLabels = ["name", "controller"] as const;
  collectDefaultMetrics({ register: registry });
  const metrics: RuntimeMetrics = {
    registry,
    clientRequests: new Counter({
      name: "rest_client_requests_total",
      help: "Requests to the API server by status code and method.",
      labelNames: ["code", "method"],
      registers,
    }),
    queueDepth: new Gauge({
      name: "workqueue_depth",
      help: "Keys waiting for a worker.",
      labelNames: queueLabels,
      registers,
    }),
    queueAdds: new Counter({
      name: "workqueue_adds_total",
      help: "Keys added to the queue.",
      labelNames: queueLabels,
      registers,
    }),
    queueRetries: new Counter({
      name: "workqueue_retries_total",
      help: "Keys added again after a failure.",
      labelNames: queueLabels,
      registers,
    }),
    queueDuration: new Histogram({
      name: "workqueue_queue_duration_seconds",
      help: "How long a key waits for a worker.",
      labelNames: queueLabels,
      buckets: queueBuckets,
      registers,
    }),
    workDuration: new Histogram({
      name: "workqueue_work_duration_seconds",
      help: "How long a worker holds a key.",
      labelNames: queueLabels,
      buckets: queueBuckets,
      registers,
    }),
    unfinishedWork: new Gauge({
      name: "workqueue_unfinished_work_seconds",
      help: "Sum of the times that keys now in work have been there; grows when workers hang.",
      labelNames: queueLabels,
      registers,
    }),
    longestRunning: new Gauge({
      name: "workqueue_longest_running_processor_seconds",
      help: "How long the longest-running worker has held its key.",
      labelNames: queueLabels,
      registers,
    }),
    reconciles: new Counter({
      name: "controller_runtime_reconcile_total",
      help: "Reconciles by result.",
      labelNames: ["controller", "result"],
      registers,
    }),
    reconcileErrors: new Counter({
      name: "controller_runtime_reconcile_errors_total",
      help: "Reconciles that failed.",
      labelNames: ["controller"],
      registers,
    }),
    terminalErrors: new Counter({
      name: "controller_runtime_terminal_reconcile_errors_total",
      help: "Reconciles that failed for good.",
      labelNames: ["controller"],
      registers,
    }),
    reconcileTime: new Histogram({
      name: "controller_runtime_reconcile_time_seconds",
      help: "Duration of a reconcile.",
      labelNames: ["controller"],
      buckets: reconcileBuckets,
      registers,
    }),
    activeWorkers: new Gauge({
      name: "controller_runtime_active_workers",
      help: "Workers busy now.",
      labelNames: ["controller"],
      registers,
    }),
    maxWorkers: new Gauge({
      name: "controller_runtime_max_concurrent_reconciles",
      help: "Workers there are.",
      labelNames: ["controller"],
      registers,
    }),
    leader: new Gauge({
      name: "leader_election_master_status",
      help: "1 while this process holds the lease of that name.",
      labelNames: ["name"],
      registers,
    }),
    reflectorActivity: new Gauge({
      name: "capstan_reflector_last_activity_seconds",
      help: "Age of the last list, event, bookmark or new watch of a reflector.",
      labelNames: ["reflector"],
      registers,
      collect: () => {
        for (const collect of collectors) collect();
      },
    }),
    onScrape(collect) {
      collectors.push(collect);
    },
  };
  // So that rate() sees the first of each.
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "WATCH"]) {
    metrics.clientRequests.inc({ code: "200", method }, 0);
    metrics.clientRequests.inc({ code: "<error>", method }, 0);
  }
  return metrics;
}
