import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Folder of the chart. */
export const chartFolder: string = fileURLToPath(new URL("../../deploy/chart", import.meta.url));

/** What of the chart is rendered, and how. */
export interface RenderOptions {
  /** The helm binary. */
  readonly helm: string;
  /** Default: capstan-system. */
  readonly namespace?: string;
  /** Values other than the chart's own, by their dotted names: `{ "crlServer.enabled": false }`. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** File names below `templates`; left out: all. */
  readonly templates?: readonly string[];
}

/**
 * The chart as `helm template` renders it, in YAML.
 *
 * @throws Error with helm's own words, as when the values do not fit the schema
 *
 * @example
 * const text = await renderChart({ helm, values: { "crlServer.enabled": false } });
 */
export async function renderChart(options: RenderOptions): Promise<string> {
  const { helm, namespace = "capstan-system", values = {}, templates = [] } = options;
  const args = [
    "template",
    "capstan",
    chartFolder,
    `--namespace=${namespace}`,
    ...Object.entries(values).map(([name, value]) => `--set-json=${name}=${JSON.stringify(value)}`),
    ...templates.map((file) => `--show-only=templates/${file}`),
  ];
  try {
    return (await promisify(execFile)(helm, args, { maxBuffer: 16 * 1024 * 1024 })).stdout;
  } catch (error) {
    const { stderr = "" } = error as { readonly stderr?: string };
    throw new Error(`helm template: ${stderr.trim()}`, { cause: error });
  }
}
