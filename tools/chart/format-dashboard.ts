import type { Dashboard, Panel } from "./dashboards.ts";

const datasource = { type: "prometheus", uid: "$datasource" };
const [columns, width, height] = [2, 12, 8];

/** A dashboard as Grafana (10 or newer) imports it: two columns of graphs. */
export function formatDashboard({ name, title, byAuthority, panels }: Dashboard): string {
  const authority = {
    name: "authority",
    label: "Authority",
    type: "query",
    datasource,
    query: { query: "label_values(capstan_authority_condition, authority)", refId: "authority" },
    includeAll: true,
    multi: true,
    current: { text: "All", value: "$__all" },
    refresh: 2,
  };
  const dashboard = {
    uid: `capstan-${name}`,
    title,
    tags: ["capstan"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    timezone: "",
    templating: {
      list: [
        { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
        ...(byAuthority ? [authority] : []),
      ],
    },
    panels: panels.map(formatPanel),
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

function formatPanel({ title, about, unit, queries }: Panel, index: number): object {
  return {
    id: index + 1,
    type: "timeseries",
    title,
    description: about,
    datasource,
    gridPos: { x: (index % columns) * width, y: Math.floor(index / columns) * height, w: width, h: height },
    fieldConfig: { defaults: { unit, min: unit === "short" ? 0 : undefined }, overrides: [] },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    targets: queries.map(({ expr, legend }, query) => ({
      refId: String.fromCodePoint(65 + query),
      datasource,
      expr,
      legendFormat: legend,
    })),
  };
}
