import { createMetrics } from "@capstan/kube";
import { expect, test } from "vitest";

// vitest -u writes it anew.
test("the reference of metrics says what the runtime tells", async () => {
  const rows = createMetrics()
    .registry.getMetricsAsArray()
    .filter(({ name }) => !/^(nodejs|process)_/.test(name))
    .map((metric) => {
      const { name, help, type, labelNames } = metric as unknown as Metric;
      const labels = labelNames.map((label) => `\`${label}\``).join(", ");
      return `| \`${name}\` | ${type} | ${labels} | ${help} |\n`;
    });
  const reference = `# Metrics

All three programs serve them at \`/metrics\` of port 8081. Their own are in
[issuer-metrics.md](issuer-metrics.md) and [publisher-metrics.md](publisher-metrics.md), which also has the CRL server's. Besides, each has
those of the runtime below it, which controller-runtime and client-go call the same, and Node's own (\`nodejs_…\`, \`process_…\`).
[alerts.md](alerts.md) says when to worry, and [monitoring.md](../operate/monitoring.md) how to get them into Prometheus.

Replicas that stand by tell the same of the cluster's objects as the leader; what a program has done itself, only the leader counts.

| metric | type | labels | what |
| --- | --- | --- | --- |
${rows.join("")}`;
  await expect(reference).toMatchFileSnapshot("../../../docs/reference/metrics.md");
});

/** As prom-client describes its metrics, with what its types leave out. */
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type?: string;
  readonly labelNames: readonly string[];
}
