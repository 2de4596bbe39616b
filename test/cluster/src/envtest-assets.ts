import path from "node:path";

import { runCommand } from "./command.ts";
import { ClusterError } from "./errors.ts";
import type { ToolName } from "./tool-table.ts";

/**
 * Binaries that the host already has, by the convention of controller-runtime's envtest: a folder named in
 * KUBEBUILDER_ASSETS holds etcd, kube-apiserver and kubectl.
 */
const envtestBinaries: Readonly<Partial<Record<ToolName, readonly string[]>>> = {
  etcd: ["--version"],
  "kube-apiserver": ["--version"],
  kubectl: ["version", "--client"],
};

/** A version, as [major, minor]. */
export type MajorMinor = readonly [number, number];

/** The first version number in a program's output, such as `Kubernetes v1.36.4` or `etcd Version: 3.7.3`. */
export function parseVersion(text: string): MajorMinor | undefined {
  const match = /(\d+)\.(\d+)/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

/**
 * Whether a found version may stand in for the wanted one: Kubernetes' exactly of the same minor, since the tests
 * rely on its admission and defaults; etcd's from 3.6 on within the same major.
 */
export function versionFits(tool: ToolName, wanted: MajorMinor, found: MajorMinor): boolean {
  if (tool === "etcd") return found[0] === wanted[0] && found[1] >= 6;
  return found[0] === wanted[0] && found[1] === wanted[1];
}

/**
 * The path of a tool in the assets folder when it is there and its version fits, else undefined. Says which it was.
 */
export async function findEnvtestBinary(options: {
  readonly tool: ToolName;
  readonly wantedVersion: string;
  readonly assets: string | undefined;
  readonly log: (line: string) => void;
}): Promise<string | undefined> {
  const { tool, wantedVersion, assets, log } = options;
  const versionArguments = envtestBinaries[tool];
  const wanted = parseVersion(wantedVersion);
  if (versionArguments === undefined || wanted === undefined || assets === undefined || assets === "") return undefined;
  const file = path.join(assets, tool);
  let output: string;
  try {
    const result = await runCommand(file, versionArguments);
    if (result.exitCode !== 0) {
      log(`${tool}: ${file} ends with exit code ${result.exitCode}; not used`);
      return undefined;
    }
    output = result.stdout;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    log(`${tool}: KUBEBUILDER_ASSETS has none at ${file}`);
    return undefined;
  }
  const found = parseVersion(output);
  if (found === undefined || !versionFits(tool, wanted, found)) {
    log(`${tool}: ${file} is ${found?.join(".") ?? "of an unknown version"}, not ${wanted.join(".")}; not used`);
    return undefined;
  }
  log(`${tool}: using ${file} (${found.join(".")}) from KUBEBUILDER_ASSETS`);
  return file;
}
