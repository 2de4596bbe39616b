import { symlink } from "node:fs/promises";
import { buildPlugin } from "@capstan/kubectl-capstan/bundle";
import { bundlePrograms } from "@capstan/tools/bundles";
import { type BuiltFiles, builtFiles, builtVariable } from "./built-files.ts";

/** What the run has built; undefined outside a run, as in the quickstart. */
function ofRun(): BuiltFiles | undefined {
  const folder = process.env[builtVariable];
  return folder === undefined ? undefined : builtFiles(folder);
}

/** Puts the plugin there: that of the run, by a link, or one that is built now. */
export async function putPlugin(file: string): Promise<void> {
  const built = ofRun();
  if (built === undefined) await buildPlugin(file);
  else await symlink(built.plugin, file);
}

/** The folder of the run's programs; outside a run they are bundled into the given one. */
export async function programsIn(folder: string): Promise<string> {
  const built = ofRun();
  if (built !== undefined) return built.programs;
  await bundlePrograms(folder);
  return folder;
}

/** The part of the environment by which a program finds the code that others have compiled before it. */
export function compileCache(): Readonly<Record<string, string>> {
  const built = ofRun();
  return built === undefined ? {} : { NODE_COMPILE_CACHE: built.compileCache };
}
