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
import type { ToolName, ToolSource } from "./tool-table.ts";

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
 * Builds what is missing into `${XDG_CACHE_HOME:-~/.cache}/capstan/control-plane/<key>/`, and returns the paths.
 * Each binary appears there by a rename, so what is there is whole: a build that was killed goes on with the next
 * missing binary. Two processes do not build at the same time.
 *
 * @throws ClusterError ERR_HOST_PROGRAM_MISSING, ERR_GO_TOO_OLD, ERR_MODULE_UNAVAILABLE, ERR_BUILD_FAILED
 */
export async function installTools(options: InstallOptions): Promise<Tools> {
  const { directory, paths } = await install(toolTable, options);
  return {
    etcd: toolPath(paths, "etcd"),
    kubeApiserver: toolPath(paths, "kube-apiserver"),
    kubeControllerManager: toolPath(paths, "kube-controller-manager"),
    kubectl: toolPath(paths, "kubectl"),
    certManager: toolPath(paths, "cert-manager"),
    certManagerChart: path.join(directory, chartFolder),
    helm: toolPath(paths, "helm"),
    cmctl: toolPath(paths, "cmctl"),
    awsSigningHelper: toolPath(paths, "aws_signing_helper"),
    zlint: toolPath(paths, "zlint"),
  };
}

/**
 * As `installTools`, for a suite that runs one tool and no cluster: builds that one alone, and returns its path.
 *
 * @throws ClusterError as installTools
 */
export async function installTool(name: ToolName, options: InstallOptions): Promise<string> {
  const { paths } = await install(
    toolTable.filter((tool) => tool.name === name),
    options,
  );
  return toolPath(paths, name);
}

const chartFolder = "cert-manager-chart";

async function install(
  wanted: readonly ToolSource[],
  { log, environment = process.env }: InstallOptions,
): Promise<{ readonly directory: string; readonly paths: ReadonlyMap<ToolName, string> }> {
  const files = await readGoFiles(goDirectory);
  // The key is of the whole table, whatever is wanted of it, so that the folder is the same.
  const table = toolTable.map((tool) => planTool(tool, files));
  const key = buildKey({
    files,
    arguments: new Map(table.map((tool) => [tool.name, tool.arguments])),
    platform: `${process.platform}-${process.arch}`,
  });
  const plan = table.filter(({ name }) => wanted.some((tool) => tool.name === name));
  const directory = path.join(cacheDirectory(environment), key);
  await mkdir(directory, { recursive: true });

  const assets = environment["KUBEBUILDER_ASSETS"];
  const paths = new Map<ToolName, string>();
  for (const { name, version } of plan) {
    const found = await findEnvtestBinary({ tool: name, wantedVersion: version, assets, log });
    paths.set(name, found ?? path.join(directory, name));
  }
  const chart = path.join(directory, chartFolder);
  const isChartMissing = async (): Promise<boolean> => paths.has("cert-manager") && !(await exists(chart));

  const findMissing = async (): Promise<PlannedTool[]> => {
    const present = await Promise.all(plan.map(async ({ name }) => await exists(toolPath(paths, name))));
    return plan.filter((_, index) => present[index] !== true);
  };
  if ((await findMissing()).length > 0 || (await isChartMissing())) {
    const release = await lockFile(path.join(directory, ".lock"), () => log("waiting for another build to end"));
    try {
      await removeLeftovers(directory);
      await buildMissing({ missing: await findMissing(), directory, files, environment, log });
      if (await isChartMissing()) await copyChart({ chart, environment });
    } finally {
      await release();
    }
  }
  return { directory, paths };
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

function toolPath(paths: ReadonlyMap<ToolName, string>, name: ToolName): string {
  const file = paths.get(name);
  if (file === undefined) throw new Error(`${name} is not in the table of tools`);
  return file;
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
  if (missing.length === 0) return;
  await checkToolchain({
    demandedGo: demandedGoVersion(readGoMod(files, "control-plane")),
    needsC: missing.some(({ cgo }) => cgo),
    environment,
  });
  log(
    `building ${missing.length} of ${toolTable.length} binaries into ${directory} (once; all of them: several minutes)`,
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
async function copyChart(options: { readonly chart: string; readonly environment: NodeJS.ProcessEnv }): Promise<void> {
  const module = "github.com/cert-manager/cert-manager";
  const found = await runCommand("go", ["mod", "download", "-json", module], {
    directory: path.join(goDirectory, "control-plane"),
    environment: goEnvironment(options.environment, false),
  });
  const answer: unknown = found.exitCode === 0 ? JSON.parse(found.stdout) : undefined;
  if (typeof answer !== "object" || answer === null || !("Dir" in answer) || typeof answer.Dir !== "string") {
    throw new ClusterError("ERR_MODULE_UNAVAILABLE", `${module} has no folder in Go's module cache: ${found.stderr}`);
  }
  const unfinishedChart = path.join(path.dirname(options.chart), `${unfinished}chart`);
  await copyFiles(path.join(answer.Dir, "deploy", "charts", "cert-manager"), unfinishedChart);
  await rename(unfinishedChart, options.chart);
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
