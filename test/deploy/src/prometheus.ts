import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pickFreePort, startProcess } from "@capstan/test-cluster";
import { stringify } from "yaml";

/** What is scraped, with the labels that the chart's ServiceMonitor gives it. */
export interface Target {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One line of a graph. */
export interface Line {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the value. */
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

export interface Prometheus {
  /** Names of all metrics that it has. */
  readonly metricNames: () => Promise<ReadonlySet<string>>;
  /** The query at each `stepSeconds` between the two times. Throws Prometheus' own words for one that it does not take. */
  readonly queryRange: (
    expr: string,
    range: { readonly fromSeconds: number; readonly toSeconds: number; readonly stepSeconds: number },
  ) => Promise<readonly Line[]>;
  readonly stop: () => Promise<void>;
}

/** Starts Debian's Prometheus from its unpacked package: on what it is to scrape each second, or on a storage that there is. */
export async function startPrometheus(
  packageFolder: string,
  source: { readonly targets: readonly Target[] } | { readonly storage: string },
): Promise<Prometheus> {
  const { targets, storage } = { targets: [], storage: undefined, ...source };
  const folder = await mkdtemp(path.join(tmpdir(), "capstan-prometheus-"));
  const config = path.join(folder, "prometheus.yml");
  const scrape = {
    job_name: "capstan",
    static_configs: targets.map(({ url, labels }) => ({ targets: [new URL(url).host], labels })),
  };
  await writeFile(
    config,
    stringify({ global: { scrape_interval: "1s", scrape_timeout: "1s" }, scrape_configs: [scrape] }),
  );
  const port = await pickFreePort();
  const started = await startProcess({
    name: "prometheus",
    program: path.join(packageFolder, "usr/bin/prometheus"),
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${storage ?? `${folder}/data`}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--web.console.templates=/nonexistent",
    ],
    logFile: path.join(folder, "log"),
  });
  const ask = async (route: string, parameters: Readonly<Record<string, string>>): Promise<unknown> => {
    const response = await fetch(
      `http://127.0.0.1:${port}/api/v1/${route}?${new URLSearchParams(parameters).toString()}`,
    );
    const answer = (await response.json()) as {
      readonly status: string;
      readonly data?: unknown;
      readonly error?: string;
    };
    if (answer.status !== "success") throw new Error(`Prometheus: ${answer.error ?? response.statusText}`);
    return answer.data;
  };
  for (;;) {
    if (started.ending() !== undefined) throw await started.failure("ended before it answered");
    if (
      await fetch(`http://127.0.0.1:${port}/-/ready`)
        .then(({ ok }) => ok)
        .catch(() => false)
    )
      break;
    await delay(100);
  }
  return {
    metricNames: async () => new Set((await ask("label/__name__/values", {})) as readonly string[]),
    queryRange: async (query, { fromSeconds, toSeconds, stepSeconds }) => {
      const data = (await ask("query_range", {
        query,
        start: String(fromSeconds),
        end: String(toSeconds),
        step: String(stepSeconds),
      })) as { readonly result: readonly Matrix[] };
      return data.result.map(({ metric, values }) => ({
        labels: metric,
        points: values.map(([seconds, value]) => [seconds, Number(value)] as const),
      }));
    },
    stop: async () => {
      await started.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Matrix {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}
