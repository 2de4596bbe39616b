import { createMetrics } from "@capstan/kube";
import { describe, expect, test } from "vitest";
import type { ConfigMap } from "../../src/crl/config-map.ts";
import { formatMetricTable } from "../../src/metrics/metric-table.ts";
import { ownCredentialsMetricTable } from "../../src/metrics/own-credentials-metrics.ts";
import { createPublisherMetrics, publisherMetricTable } from "../../src/metrics/publisher-metrics.ts";
import { createServerMetrics, serverMetricTable } from "../../src/metrics/server-metrics.ts";
import { newGeneration } from "../support/generation.ts";
import { after, day, hour, minute, now } from "../support/objects.ts";
import { signedCrl } from "../support/signed-crl.ts";

/** The lines of a metric, less what Prometheus' text format says about it. */
async function lines(registry: ReturnType<typeof createMetrics>["registry"], name: string): Promise<readonly string[]> {
  const all = (await registry.metrics()).split("\n");
  return all.filter((line) => line.startsWith(name) && !line.startsWith("#"));
}

const of = { authority: "fleet", generation: 2 };
const labels = 'authority="fleet",generation="2"';

describe("the publisher tells", () => {
  test("each-metric-of-its-table-and-no-other", async () => {
    const { registry } = createMetrics();
    const before = new Set(registry.getMetricsAsArray().map(({ name }) => name));
    createPublisherMetrics({ registry });
    const added = registry.getMetricsAsArray().map(({ name }) => name);
    expect(added.filter((name) => !before.has(name))).toEqual(Object.keys(publisherMetricTable));
  });

  test("number-times-entries-and-room-of-a-crl", async () => {
    const { registry } = createMetrics();
    createPublisherMetrics({ registry }).crl(of, {
      number: 7n,
      thisUpdate: now,
      nextUpdate: after(day),
      serials: new Set(["4f1c", "4f1d"]),
      capacity: { characters: 1, entries: 3, fill: 0.25, reasons: "Listed", waiting: 4 },
    });
    const seconds = now.getTime() / 1_000;
    expect(await lines(registry, "capstan_crl_")).toEqual([
      `capstan_crl_number{${labels}} 7`,
      `capstan_crl_this_update_timestamp_seconds{${labels}} ${seconds}`,
      `capstan_crl_next_update_timestamp_seconds{${labels}} ${seconds + 86_400}`,
      `capstan_crl_entries{${labels}} 2`,
      `capstan_crl_bytes_ratio{${labels}} 0.25`,
      `capstan_crl_waiting{${labels}} 4`,
    ]);
  });

  test("one-phase-of-a-generation-at-a-time", async () => {
    const { registry } = createMetrics();
    const metrics = createPublisherMetrics({ registry });
    metrics.generation(of, { phase: "Active" });
    metrics.generation(of, { phase: "Draining" });
    const ones = (await lines(registry, "capstan_generation_phase{")).filter((line) => line.endsWith(" 1"));
    expect(ones).toEqual([`capstan_generation_phase{${labels},phase="Draining"} 1`]);
  });

  test("anchors-intents-clocks-and-outcomes-in-seconds", async () => {
    const { registry } = createMetrics();
    const metrics = createPublisherMetrics({ registry });
    metrics.anchor({ authority: "fleet", anchor: "prod" }, { inSync: false, readAt: 5_000 });
    metrics.publishLag({ ...of, anchor: "prod" }, 2_500);
    metrics.intentUnfinished("fleet", true);
    metrics.clockSkew("aws", -1_500);
    metrics.revocation("Recorded");
    metrics.revocation("Recorded");
    const all = (await registry.metrics()).split("\n");
    for (const line of [
      'capstan_trust_anchor_in_sync{authority="fleet",anchor="prod"} 0',
      'capstan_trust_anchor_read_timestamp_seconds{authority="fleet",anchor="prod"} 5',
      `capstan_crl_publish_lag_seconds{${labels},anchor="prod"} 2.5`,
      'capstan_intent_unfinished{authority="fleet"} 1',
      'capstan_clock_skew_seconds{source="aws"} -1.5',
      'capstan_revocations_total{outcome="Recorded"} 2',
    ]) {
      expect.soft(all).toContain(line);
    }
  });

  test("nothing-of-an-authority-that-is-gone-and-all-of-the-others", async () => {
    const { registry } = createMetrics();
    const metrics = createPublisherMetrics({ registry });
    for (const authority of ["fleet", "other"]) {
      metrics.generation({ authority, generation: 1 }, { phase: "Active", notAfter: 1_000 });
      metrics.intentUnfinished(authority, false);
    }
    await metrics.forget("fleet");
    const text = await registry.metrics();
    expect(text).not.toContain('authority="fleet"');
    expect(text).toContain('capstan_generation_not_after_timestamp_seconds{authority="other",generation="1"} 1');
  });
});

describe("the crl server tells", () => {
  test("how-old-each-crl-is-and-how-long-it-lasts-at-each-scrape", async () => {
    const crl = await signedCrl(await newGeneration(), 5);
    const map: ConfigMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "fleet-1", namespace: "capstan-system", labels: { "capstan.dev/published": "crl" } },
      binaryData: { "crl.der": Buffer.from(crl.der).toString("base64") },
    };
    const broken = { ...map, metadata: { ...map.metadata, name: "fleet-2" }, binaryData: { "crl.der": "AAAA" } };
    let maps = [map, broken];
    const runtime = createMetrics();
    createServerMetrics(runtime, { list: () => maps }, () => after(hour));
    expect(await lines(runtime.registry, "capstan_crl_server_crl")).toEqual([
      `capstan_crl_server_crl_age_seconds{crl="fleet-1"} ${(hour + minute) / 1_000}`,
      `capstan_crl_server_crl_left_seconds{crl="fleet-1"} ${(30 * day - hour) / 1_000}`,
    ]);
    maps = [];
    expect(await lines(runtime.registry, "capstan_crl_server_crl")).toEqual([]);
  });

  test("answers-and-refused-connections-from-zero-on", async () => {
    const runtime = createMetrics();
    const served = createServerMetrics(runtime, { list: () => [] });
    served.answered(200);
    served.refusedConnection("client");
    expect(await lines(runtime.registry, "capstan_crl_server_re")).toEqual([
      'capstan_crl_server_requests_total{code="200"} 1',
      'capstan_crl_server_requests_total{code="304"} 0',
      'capstan_crl_server_requests_total{code="404"} 0',
      'capstan_crl_server_requests_total{code="429"} 0',
      'capstan_crl_server_refused_connections_total{why="client"} 1',
      'capstan_crl_server_refused_connections_total{why="all"} 0',
    ]);
  });
});

// vitest -u writes it anew.
test("the-reference-says-what-the-tables-say", async () => {
  const reference = `# Metrics of the CRL publisher

Written from the tables in \`packages/crl-publisher/src/metrics\`. The runtime's own metrics have the names that controller-runtime gives
them, and are served beside these at \`/metrics\` of the health address.

## The publisher

Only the leader sets them: a replica that stands by has none.

${formatMetricTable({ ...publisherMetricTable, ...ownCredentialsMetricTable })}
## The CRL server

${formatMetricTable(serverMetricTable)}`;
  await expect(reference).toMatchFileSnapshot("../../../../docs/reference/publisher-metrics.md");
});
