import type { Panel } from "@capstan/tools/dashboards";
import type { Line, Prometheus } from "./prometheus.ts";

/** A panel with what its queries say. */
export interface PanelData {
  readonly panel: Panel;
  /** Each line by the name that its legend gives it. */
  readonly lines: readonly (Line & { readonly name: string })[];
}

/** Asks a panel's queries as Grafana would, for all authorities. */
export async function askPanel(
  prometheus: Prometheus,
  panel: Panel,
  range: {
    readonly fromSeconds: number;
    readonly toSeconds: number;
    readonly stepSeconds: number;
    /** What `$__rate_interval` is; 15 unless given. */
    readonly rateSeconds?: number;
  },
): Promise<PanelData> {
  const lines = await Promise.all(
    panel.queries.map(async ({ expr, legend }) => {
      const found = await prometheus.queryRange(concrete(expr, range.rateSeconds), range);
      return found.map((line) => ({ ...line, name: nameOf(legend, line.labels) }));
    }),
  );
  return { panel, lines: lines.flat() };
}

/** The query with Grafana's variables filled in. */
export function concrete(expr: string, rateSeconds = 15): string {
  return expr.replaceAll("$authority", ".+").replaceAll("$__rate_interval", `${rateSeconds}s`);
}

function nameOf(legend: string, labels: Readonly<Record<string, string>>): string {
  return legend.replaceAll(/\{\{(\w+)\}\}/g, (_whole, label: string) => labels[label] ?? "");
}

/** Names of the metrics that a query reads. */
export function metricsOf(expr: string): readonly string[] {
  const bare = expr.replaceAll(/\{[^}]*\}/g, "").replaceAll(/\b(?:by|on|without|ignoring) *\([^)]*\)/g, "");
  return [...bare.matchAll(/\b[a-z]+(?:_[a-z0-9]+)+\b(?! *\()/g)].map(([name]) => name);
}
