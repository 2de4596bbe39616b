import { createMetricsOf, type ReadonlyStore, type RuntimeMetrics } from "@capstan/kube";
import type { ConfigMap } from "../crl/config-map.ts";
import type { RefusedConnection } from "../server/listen.ts";
import { crlTimes } from "../server/published-files.ts";

/** Every metric of the CRL server's own. */
export const serverMetricTable = {
  capstan_crl_server_requests_total: {
    type: "counter",
    labels: ["code"],
    help: "Answers by HTTP status.",
    alert: "a rise of 429: one address asks for more than its share",
  },
  capstan_crl_server_refused_connections_total: {
    type: "counter",
    labels: ["why"],
    help: "Connections that were closed at once: one client had too many (client), or all together (all).",
    alert: "any rise of all",
  },
  capstan_crl_server_crl_age_seconds: {
    type: "gauge",
    labels: ["crl"],
    help: "Since when the served CRL has been made.",
    alert: "above 7,200: it is made anew each hour. It is served all the same",
  },
  capstan_crl_server_crl_left_seconds: {
    type: "gauge",
    labels: ["crl"],
    help: "Until the served CRL ends; below 0 it has ended, and verifiers refuse it.",
    alert: "below 1,296,000, half of its life",
  },
} as const;

export interface ServerMetrics {
  /** Counts an answer with its HTTP status. */
  readonly answered: (status: number) => void;
  readonly refusedConnection: (why: RefusedConnection) => void;
}

/** Also tells the age of each CRL in `configMaps` at each scrape. */
export function createServerMetrics(
  runtime: Pick<RuntimeMetrics, "registry" | "onScrape">,
  configMaps: Pick<ReadonlyStore<ConfigMap>, "list">,
  now: () => Date = () => new Date(),
): ServerMetrics {
  const metrics = createMetricsOf(serverMetricTable, runtime);
  const { capstan_crl_server_crl_age_seconds: age, capstan_crl_server_crl_left_seconds: left } = metrics;
  runtime.onScrape(() => {
    age.reset();
    left.reset();
    for (const map of configMaps.list()) {
      const times = crlTimes(map);
      if (times === undefined) continue;
      const crl = map.metadata.name;
      age.set({ crl }, (now().getTime() - times.thisUpdate.getTime()) / 1000);
      left.set({ crl }, (times.nextUpdate.getTime() - now().getTime()) / 1000);
    }
  });
  // So that rate() sees the first of each.
  for (const code of ["200", "304", "404", "429"]) metrics.capstan_crl_server_requests_total.inc({ code }, 0);
  for (const why of ["client", "all"]) metrics.capstan_crl_server_refused_connections_total.inc({ why }, 0);
  return {
    answered: (status) => metrics.capstan_crl_server_requests_total.inc({ code: String(status) }),
    refusedConnection: (why) => metrics.capstan_crl_server_refused_connections_total.inc({ why }),
  };
}
