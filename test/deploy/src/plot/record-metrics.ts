import { execFile } from "node:child_process";
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { Target } from "../prometheus.ts";

/**
 * Scrapes targets once a real second by a clock that runs faster, into a file that {@link toBlocks} makes Prometheus' own
 * storage of: Prometheus itself would write down real time, and its `time()` would be another than that of the metrics.
 */
export class MetricsRecorder {
  readonly #targets: readonly Target[];
  readonly #now: () => Date;
  readonly #folder: string;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(targets: readonly Target[], options: { readonly now: () => Date; readonly folder: string }) {
    this.#targets = targets;
    this.#now = options.now;
    this.#folder = options.folder;
  }

  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(this.#file, "");
    this.#running = this.#scrape();
  }

  get #file(): string {
    return path.join(this.#folder, "metrics.txt");
  }

  async #scrape(): Promise<void> {
    while (!this.#isStopped) {
      for (const { url, labels } of this.#targets) {
        const seconds = this.#now().getTime() / 1_000;
        const response = await fetch(`${url}/metrics`);
        await appendFile(this.#file, stamped(await response.text(), labels, seconds));
      }
      await delay(1_000);
    }
  }

  /**
   * Ends scraping, and makes a folder that Prometheus takes as its storage.
   *
   * @param promtool Debian's package prometheus has it
   */
  async toBlocks(promtool: string): Promise<string> {
    this.#isStopped = true;
    await this.#running;
    await appendFile(this.#file, "# EOF\n");
    const blocks = path.join(this.#folder, "blocks");
    await promisify(execFile)(promtool, ["tsdb", "create-blocks-from", "openmetrics", this.#file, blocks]);
    return blocks;
  }
}

/** Samples with these labels and this time, as OpenMetrics has them; types and help are left out. */
export function stamped(metrics: string, labels: Readonly<Record<string, string>>, seconds: number): string {
  const added = Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(",");
  return metrics
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const {
        name = "",
        inner,
        value = "",
      } = /^(?<name>\w+)(?:\{(?<inner>.*)\})? (?<value>\S+)$/.exec(line)?.groups ?? {};
      const all = inner === undefined || inner === "" ? added : `${inner},${added}`;
      return `${name}{${all}} ${value.replace("Nan", "NaN")} ${seconds.toFixed(3)}\n`;
    })
    .join("");
}
