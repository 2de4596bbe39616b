import { parseAllDocuments } from "yaml";

import { runCommand } from "./command.ts";
import { ClusterError } from "./errors.ts";

/** A Kubernetes object, as far as this file looks at it. */
export interface Manifest {
  readonly kind: string;
}

/** What a chart has and bare processes have no use for: their pods, and the Services before those. */
const unusedKinds = new Set(["Deployment", "Service", "Job"]);

/**
 * The objects of a released Helm chart, less its pods and Services.
 *
 * @throws ClusterError ERR_SETUP_REFUSED
 */
export async function renderChart(options: {
  readonly helm: string;
  /** Folder of the chart. */
  readonly chart: string;
  readonly release: string;
  readonly namespace: string;
  /** As for `helm --set`: `name=value`. */
  readonly values: readonly string[];
}): Promise<readonly Manifest[]> {
  const { helm, chart, release, namespace, values } = options;
  const set = values.map((value) => `--set=${value}`);
  const rendered = await runCommand(helm, ["template", release, chart, `--namespace=${namespace}`, ...set]);
  if (rendered.exitCode !== 0) {
    throw new ClusterError(
      "ERR_SETUP_REFUSED",
      `the chart of ${release} cannot be rendered: ${rendered.stderr.trim()}`,
    );
  }
  return parseAllDocuments(rendered.stdout)
    .map((document): unknown => document.toJS())
    .filter(isManifest)
    .filter(({ kind }) => !unusedKinds.has(kind));
}

function isManifest(value: unknown): value is Manifest {
  return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
}
