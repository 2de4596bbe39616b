import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { buildPlugin } from "@capstan/kubectl-capstan/bundle";
import { bundlePrograms } from "@capstan/tools/bundles";

// What each environment would else build anew, some seconds each time. A run's files are named to all of its processes.

const pluginVariable = "CAPSTAN_BUILT_PLUGIN";
const programsVariable = "CAPSTAN_BUILT_PROGRAMS";

/** Where Node keeps what it has made of sources (node:module, "Module compile cache"). */
const compileCacheVariable = "NODE_COMPILE_CACHE";

/**
 * Builds the plugin and the programs as the image holds them, and makes a folder in which Node keeps compiled code, for this
 * process and all that it starts.
 *
 * @returns removes it all
 */
export async function buildOnce(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), "capstan-built-"));
  const plugin = path.join(folder, "kubectl-capstan");
  const programs = path.join(folder, "app");
  await Promise.all([buildPlugin(plugin), bundlePrograms(programs)]);
  process.env[pluginVariable] = plugin;
  process.env[programsVariable] = programs;
  process.env[compileCacheVariable] ??= path.join(folder, "compile-cache");
  // Node writes what it has compiled when it ends by itself, which a program that is killed never does.
  const bundles = ["issuer-controller.js", "crl-publisher.js", "crl-server.js"].map((name) =>
    path.join(programs, name),
  );
  for (const program of [plugin, ...bundles]) await promisify(execFile)(process.execPath, [program, "--help"]);
  return () => rm(folder, { recursive: true, force: true });
}

/** Puts the plugin there: that of the run, by a link, or one that is built now. */
export async function putPlugin(file: string): Promise<void> {
  const built = process.env[pluginVariable];
  if (built === undefined) await buildPlugin(file);
  else await symlink(built, file);
}

/** The folder of the run's programs; outside a run they are bundled into the given one. */
export async function programsIn(folder: string): Promise<string> {
  const built = process.env[programsVariable];
  if (built !== undefined) return built;
  await bundlePrograms(folder);
  return folder;
}

/** The part of the environment by which a program finds the code that others have compiled before it. */
export function compileCache(): Readonly<Record<string, string>> {
  const folder = process.env[compileCacheVariable];
  return folder === undefined ? {} : { [compileCacheVariable]: folder };
}
