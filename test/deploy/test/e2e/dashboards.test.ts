import { readFile } from "node:fs/promises";
import path from "node:path";
import { chartFolder } from "@capstan/tools/chart";
import { dashboards } from "@capstan/tools/dashboards";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { debianPackage } from "../../src/debian-package.ts";
import { askPanel, metricsOf } from "../../src/panel-queries.ts";
import type { Scraped } from "../../src/plot/run.ts";
import { scrapeDemo } from "../../src/scraped-demo.ts";

// Dashboards and alerts against what the running programs tell a real Prometheus.

const minute = 60_000;
const { folder, missing } = await debianPackage("prometheus");

/** Shown only when something is wrong, or by what the demonstration has not: a canary. */
const unseen = new Set(["capstan_crl_proven"]);

const panels = dashboards.flatMap(({ name, panels: all }) => all.map((panel) => [name, panel.title, panel] as const));

const { groups } = parse(await readFile(path.join(chartFolder, "alerts.yaml"), "utf8")) as {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
};
const alerts = groups.flatMap(({ rules }) => rules).map(({ alert, expr }) => [alert, expr] as const);

test.each([
  ['sum by (kind, le) (rate(a_b_total{code=~"x_y"}[5m])) > 0', ["a_b_total"]],
  ["max(a_b) / max(c_d) and on (pod, name_x) e_f == 1", ["a_b", "c_d", "e_f"]],
  ['histogram_quantile(0.9, sum by (le) (rate(h_bucket[1m]))) or absent(up{job="j"} == 1)', ["h_bucket"]],
])("%s reads %j", (expr, names) => {
  expect(metricsOf(expr)).toEqual(names);
});

describe.skipIf(missing !== undefined)(`scraped by Prometheus${missing === undefined ? "" : ` (${missing})`}`, () => {
  let demo: Scraped;
  let known: ReadonlySet<string>;

  beforeAll(async () => {
    demo = await scrapeDemo(folder ?? "", 20);
    known = await demo.prometheus.metricNames();
  }, 20 * minute);
  afterAll(async () => {
    await demo?.stop();
  });

  test.each(panels)(
    "%s: %s reads metrics that the programs expose, and shows something",
    async (_dashboard, _title, panel) => {
      const names = panel.queries.flatMap(({ expr }) => metricsOf(expr));
      expect(names.length).toBeGreaterThan(0);
      expect(names.filter((name) => !known.has(name))).toEqual([]);
      const { lines } = await askPanel(demo.prometheus, panel, { ...demo, stepSeconds: 1 });
      expect(lines.length).toBeGreaterThan(0);
    },
  );

  test.each(alerts)("%s reads metrics that the programs expose", async (_alert, expr) => {
    const names = metricsOf(expr).filter((name) => !unseen.has(name));
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    const { toSeconds } = demo;
    await demo.prometheus.queryRange(expr, { fromSeconds: toSeconds, toSeconds, stepSeconds: 1 });
  });
});
