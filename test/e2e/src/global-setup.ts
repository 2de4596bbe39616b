import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installTool, installTools } from "@capstan/test-cluster";
import { builtVariable } from "./built-files.ts";

/**
 * Builds the control plane before the first suite: the first time it takes minutes, which no suite's time limit allows for.
 * Then the programs and the plugin, once for the run: some seconds, which each start of one of them gives back.
 *
 * @returns what is to be done when the last suite has ended
 */
export async function setup(): Promise<() => Promise<void>> {
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  await installTools({ log });
  await installTool("approver-policy", { log });
  const folder = await mkdtemp(path.join(tmpdir(), "capstan-built-"));
  // In a process of its own, since what Vitest loads here it does not load from our packages' sources.
  const build = fileURLToPath(new URL("build-once-main.ts", import.meta.url));
  await promisify(execFile)(process.execPath, ["--conditions=@capstan/source", build, folder]);
  process.env[builtVariable] = folder;
  return () => rm(folder, { recursive: true, force: true });
}
