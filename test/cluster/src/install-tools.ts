import { access, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { availableParallelism, homedir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { buildKey, readGoFiles } from "./build-key.ts";
import { runCommand } from "./command.ts";
import { formatElapsed } from "./elapsed.ts";
import { findEnvtestBinary } from "./envtest-assets.ts";
import { ClusterError } from "./errors.ts";
import { lockFile } from "./file-lock.ts";
import { buildFailure, checkToolchain, demandedGoVersion, goEnvironment } from "./go-toolchain.ts";
import { buildArguments, requiredVersion, toolTable } from "./tool-table.ts";
import type { GoModule, ToolName, ToolSource } from "./tool-table.ts";

/** Absolute paths of what the control plane and the tests run. */
export interface Tools {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubectl: string;
  /** All of cert-manager's components in one binary: `cert-manager controller|webhook|cainjector`. */
  readonly certManager: string;
  /** Folder of the Helm chart of the same cert-manager release. */
  readonly certManagerChart: string;
  readonly helm: string;
  readonly cmctl: string;
  readonly awsSigningHelper: string;
  readonly zlint: string;
}

export interface InstallOptions {
  /** Gets one line per binary, and one every 20 s while a build goes on. */
  readonly log: (line: string) => void;
  /** Default: that of this process. HOME, XDG_CACHE_HOME, KUBEBUILDER_ASSETS and Go's own variables are read. */
  readonly environment?: NodeJS.ProcessEnv;
}

const goDirectory = fileURLToPath(new URL("../go/", import.meta.url));
const heartbeatMs = 20_000;

/** A tool with what its go.mod says of it. */
interface PlannedTool extends ToolSource {
  readonly version: string;
  readonly arguments: readonly string[];
}

/**
 * Builds what is missing into `${XDG_CACHE_HOME:-~/.cache}/capstan/control-plane/<module>-<key>/`, and returns the paths.
 * Each binary appears there by a rename, so what is there is whole: a build that was killed goes on with the next
 * missing binary. Two processes do not build the same module at the same time.
 *
 * @throws ClusterError ERR_HOST_PROGRAM_MISSING, ERR_GO_TOO_OLD, ERR_MODULE_UNAVAILABLE, ERR_BUILD_FAILED
 */
export async function installTools(options: InstallOptions): Promise<Tools> {
  const installed = await install(
    toolTable.filter(({ onDemand }) => onDemand !== true),
    options,
  );
  const pathOf = (name: ToolName): string => toolIn(installed, name).program;
  return {
    etcd: pathOf("etcd"),
    kubeApiserver: pathOf("kube-apiserver"),
    kubeControllerManager: pathOf("kube-controller-manager"),
    kubectl: pathOf("kubectl"),
    certManager: pathOf("cert-manager"),
    certManagerChart: toolIn(installed, "cert-manager").chart,
    helm: pathOf("helm"),
    cmctl: pathOf("cmctl"),
    awsSigningHelper: pathOf("aws_signing_helper"),
    zlint: pathOf("zlint"),
  };
}

/**
 * As `installTools`, for a suite that runs one tool and no cluster, or one that is not part of every cluster: builds that
 * one alone, and returns its path.
 *
 * @throws ClusterError as installTools
 */
export async function installTool(name: ToolName, options: InstallOptions): Promise<string> {
  return (await installWithChart(name, options)).program;
}

/**
 * As `installTool`, with the folder of the Helm chart of the same release.
 *
 * @throws ClusterError as installTools
 */
export async function installWithChart(name: ToolName, options: InstallOptions): Promise<InstalledTool> {
  const installed = await install(
    toolTable.filter((tool) => tool.name === name),
    options,
  );
  return toolIn(installed, name);
}

/** Absolute paths of a tool. */
export interface InstalledTool {
  readonly program: string;
  /** Folder of its Helm chart, if the table names one. */
  readonly chart: string;
}

type Installed = ReadonlyMap<ToolName, InstalledTool>;

function toolIn(installed: Installed, name: ToolName): InstalledTool {
  const tool = installed.get(name);
  if (tool === undefined) throw new Error(`${name} is not in the table of tools`);
  return tool;
}

async function install(wanted: readonly ToolSource[], options: InstallOptions): Promise<Installed> {
  const files = await readGoFiles(goDirectory);
  const installed = new Map<ToolName, InstalledTool>();
  for (const module of new Set(wanted.map((tool) => tool.module))) {
    const sources = wanted.filter((tool) => tool.module === module);
    for (const [name, tool] of await installModule({ ...options, module, sources, files })) installed.set(name, tool);
  }
  return installed;
}

async function installModule(
  options: InstallOptions & {
    readonly module: GoModule;
    readonly sources: readonly ToolSource[];
    /** Of the whole folder `go/`. */
    readonly files: ReadonlyMap<string, Uint8Array>;
  },
): Promise<Installed> {
  const { module, log, environment = process.env } = options;
  const files = new Map([...options.files].filter(([name]) => name.startsWith(`${module}/`)));
  // The key is of all tools of the module, whatever is wanted of it, so that the folder is the same.
  const table = toolTable.filter((tool) => tool.module === module).map((tool) => planTool(tool, files));
  const key = buildKey({
    files,
    arguments: new Map(table.map((tool) => [tool.name, tool.arguments])),
    platform: `${process.platform}-${process.arch}`,
  });
  const plan = table.filter(({ name }) => options.sources.some((tool) => tool.name === name));
  const directory = path.join(cacheDirectory(environment), `${module}-${key}`);
  await mkdir(directory, { recursive: true });

  const assets = environment["KUBEBUILDER_ASSETS"];
  const installed = new Map<ToolName, InstalledTool>();
  for (const { name, version } of plan) {
    const found = await findEnvtestBinary({ tool: name, wantedVersion: version, assets, log });
    const program = found ?? path.join(directory, name);
    installed.set(name, { program, chart: path.join(directory, `${name}-chart`) });
  }
  const findMissing = async (part: "program" | "chart"): Promise<PlannedTool[]> => {
    const candidates = part === "program" ? plan : plan.filter(({ chart }) => chart !== undefined);
    const present = await Promise.all(candidates.map(({ name }) => exists(toolIn(installed, name)[part])));
    return candidates.filter((_, index) => present[index] !== true);
  };
  if ((await findMissing("program")).length > 0 || (await findMissing("chart")).length > 0) {
    const release = await lockFile(path.join(directory, ".lock"), () => log("waiting for another build to end"));
    try {
      await removeLeftovers(directory);
      await buildMissing({ missing: await findMissing("program"), directory, files, environment, log });
      for (const tool of await findMissing("chart")) {
        await copyChart(tool, { to: toolIn(installed, tool.name).chart, environment });
      }
    } finally {
      await release();
    }
  }
  return installed;
}

/** `${XDG_CACHE_HOME:-~/.cache}/capstan/control-plane`, or another folder beside it. */
export function cacheDirectory(environment: NodeJS.ProcessEnv, folder = "control-plane"): string {
  const xdg = environment["XDG_CACHE_HOME"];
  // The XDG specification: a relative path is invalid and ignored.
  const base = xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(environment["HOME"] ?? homedir(), ".cache");
  return path.join(base, "capstan", folder);
}

function planTool(tool: ToolSource, files: ReadonlyMap<string, Uint8Array>): PlannedTool {
  const version = requiredVersion(readGoMod(files, tool.module), tool.versionOf);
  return { ...tool, version, arguments: buildArguments(tool, version) };
}

function readGoMod(files: ReadonlyMap<string, Uint8Array>, module: string): string {
  const bytes = files.get(path.join(module, "go.mod"));
  if (bytes === undefined) throw new Error(`${path.join(goDirectory, module)} has no go.mod`);
  return Buffer.from(bytes).toString("utf8");
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}

const unfinished = ".unfinished-";

/** Removes what a killed build left. Only under the lock: another build's files look the same. */
async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(unfinished)) await rm(path.join(directory, name), { recursive: true });
  }
}

async function buildMissing(options: {
  readonly missing: readonly PlannedTool[];
  readonly directory: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}): Promise<void> {
  const { missing, directory, files, environment, log } = options;
  const [first] = missing;
  if (first === undefined) return;
  await checkToolchain({
    demandedGo: demandedGoVersion(readGoMod(files, first.module)),
    needsC: missing.some(({ cgo }) => cgo),
    environment,
  });
  log(
    `building ${missing.map(({ name }) => name).join(", ")} into ${directory} (once; Kubernetes takes several minutes)`,
  );
  for (const [index, tool] of missing.entries()) {
    const label = `[${index + 1}/${missing.length}] ${tool.name} ${tool.version}`;
    const started = performance.now();
    const heartbeat = setInterval(() => {
      log(`${label}: still building (${formatElapsed(performance.now() - started)})`);
    }, heartbeatMs);
    try {
      await buildTool(tool, { directory, environment });
    } finally {
      clearInterval(heartbeat);
    }
    log(`${label}: built in ${formatElapsed(performance.now() - started)}`);
  }
}

async function buildTool(
  tool: PlannedTool,
  options: { readonly directory: string; readonly environment: NodeJS.ProcessEnv },
): Promise<void> {
  const output = path.join(options.directory, `${unfinished}${tool.name}`);
  const [command = "build", ...rest] = tool.arguments;
  const result = await runCommand(
    "setpriv",
    ["--pdeathsig", "TERM", "--", "go", command, "-p", String(availableParallelism()), "-o", output, ...rest],
    {
      directory: path.join(goDirectory, tool.module),
      environment: goEnvironment(options.environment, tool.cgo),
    },
  );
  if (result.exitCode !== 0) throw buildFailure(tool.name, result.stderr);
  await rename(output, path.join(options.directory, tool.name));
}

/** Copies the chart out of Go's module cache, which the user may clean at any time. */
async function copyChart(
  tool: PlannedTool,
  { to, environment }: { readonly to: string; readonly environment: NodeJS.ProcessEnv },
): Promise<void> {
  const found = await runCommand("go", ["mod", "download", "-json", tool.versionOf], {
    directory: path.join(goDirectory, tool.module),
    environment: goEnvironment(environment, false),
  });
  const answer: unknown = found.exitCode === 0 ? JSON.parse(found.stdout) : undefined;
  if (typeof answer !== "object" || answer === null || !("Dir" in answer) || typeof answer.Dir !== "string") {
    throw new ClusterError(
      "ERR_MODULE_UNAVAILABLE",
      `${tool.versionOf} has no folder in Go's module cache: ${found.stderr}`,
    );
  }
  const unfinishedChart = path.join(path.dirname(to), `${unfinished}${tool.name}-chart`);
  await copyFiles(path.join(answer.Dir, tool.chart ?? ""), unfinishedChart);
  await rename(unfinishedChart, to);
}

/** Copies contents alone: the modes in Go's module cache are read-only, also of folders. */
async function copyFiles(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const target = path.join(to, path.relative(from, file));
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, await readFile(file));
  }
}
