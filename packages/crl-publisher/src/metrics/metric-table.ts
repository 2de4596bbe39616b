import type { RuntimeMetrics } from "@capstan/kube";
import { Counter, Gauge } from "prom-client";

/** What a metric is and means. Tables of these make the metrics and their reference. */
export interface MetricDefinition {
  readonly type: "gauge" | "counter";
  readonly labels: readonly string[];
  /** What it counts or measures, with its unit. */
  readonly help: string;
  /** When to worry, for the reference; left out when the number is only good to know. */
  readonly alert?: string;
}

export type MetricTable = Readonly<Record<string, MetricDefinition>>;

type MetricOf<D extends MetricDefinition> = D["type"] extends "gauge"
  ? Gauge<D["labels"][number]>
  : Counter<D["labels"][number]>;

/** The metrics of a table by their names. */
export type MetricsOf<T extends MetricTable> = { readonly [Name in keyof T]: MetricOf<T[Name]> };

/** Makes the metrics of a table in a registry. */
export function createMetricsOf<const T extends MetricTable>(
  table: T,
  { registry }: Pick<RuntimeMetrics, "registry">,
): MetricsOf<T> {
  const metrics = Object.entries(table).map(([name, { type, labels, help }]) => {
    const settings = { name, help, labelNames: [...labels], registers: [registry] };
    return [name, type === "gauge" ? new Gauge(settings) : new Counter(settings)] as const;
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
