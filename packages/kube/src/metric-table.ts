import { Counter, Gauge, Histogram } from "prom-client";
import type { RuntimeMetrics } from "./metrics.ts";

/** What a metric is and means. Tables of these make the metrics and their reference. */
export interface MetricDefinition {
  readonly type: "gauge" | "counter" | "histogram";
  readonly labels: readonly string[];
  /** What it counts or measures, with its unit. */
  readonly help: string;
  /** When to worry, for the reference; left out when the number is only good to know. */
  readonly alert?: string;
  /** Of a histogram: the upper bounds. */
  readonly buckets?: readonly number[];
}

export type MetricTable = Readonly<Record<string, MetricDefinition>>;

type MetricOf<D extends MetricDefinition> = D["type"] extends "gauge"
  ? Gauge<D["labels"][number]>
  : D["type"] extends "counter"
    ? Counter<D["labels"][number]>
    : Histogram<D["labels"][number]>;

/** The metrics of a table by their names. */
export type MetricsOf<T extends MetricTable> = { readonly [Name in keyof T]: MetricOf<T[Name]> };

const makers = { gauge: Gauge, counter: Counter, histogram: Histogram };

/**
 * Makes the metrics of a table in a registry.
 *
 * @example
 * const table = { capstan_crl_entries: { type: "gauge", labels: [], help: "Revoked serials." } } as const;
 * createMetricsOf(table, metrics).capstan_crl_entries.set(3);
 */
export function createMetricsOf<const T extends MetricTable>(
  table: T,
  { registry }: Pick<RuntimeMetrics, "registry">,
): MetricsOf<T> {
  const metrics = Object.entries(table).map(([name, { type, labels, help, buckets }]) => {
    const settings = { name, help, labelNames: [...labels], registers: [registry] };
    const bounds = buckets === undefined ? {} : { buckets: [...buckets] };
    return [name, new makers[type]({ ...settings, ...bounds })] as const;
  });
  return Object.fromEntries(metrics) as unknown as MetricsOf<T>;
}

/** The table in Markdown. */
export function formatMetricTable(table: MetricTable): string {
  const rows = Object.entries(table).map(
    ([name, { type, labels, help, alert = "" }]) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} | ${alert} |\n`,
  );
  return `| metric | type | labels | what | when to worry |\n| --- | --- | --- | --- | --- |\n${rows.join("")}`;
}
