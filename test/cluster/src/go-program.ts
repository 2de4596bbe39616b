import { access, mkdir, rename } from "node:fs/promises";
import path from "node:path";

import { buildKey, readGoFiles } from "./build-key.ts";
import { runCommand } from "./command.ts";
import { lockFile } from "./file-lock.ts";
import { buildFailure, checkToolchain, demandedGoVersion, goEnvironment } from "./go-toolchain.ts";
import { cacheDirectory, type InstallOptions } from "./install-tools.ts";

const buildFlags: readonly string[] = ["build", "-mod=readonly", "-buildvcs=false", "-trimpath"];

/** A main package of our own: the folder with its go.mod, and the name of the binary. */
export interface GoProgram {
  readonly directory: string;
  readonly name: string;
}

/**
 * Builds a Go program into `${XDG_CACHE_HOME:-~/.cache}/capstan/go-programs/<hash of its sources>/`, unless it is there,
 * and returns its path. It appears by a rename, and two processes do not build it at the same time.
 *
 * @throws ClusterError ERR_HOST_PROGRAM_MISSING, ERR_GO_TOO_OLD, ERR_MODULE_UNAVAILABLE, ERR_BUILD_FAILED
 */
export async function buildGoProgram(program: GoProgram, options: InstallOptions): Promise<string> {
  const { log, environment = process.env } = options;
  const files = await readGoFiles(program.directory);
  const key = buildKey({
    files,
    arguments: new Map([[program.name, buildFlags]]),
    platform: `${process.platform}-${process.arch}`,
  });
  const directory = path.join(cacheDirectory(environment, "go-programs"), key);
  const binary = path.join(directory, program.name);
  if (await exists(binary)) return binary;

  await mkdir(directory, { recursive: true });
  const release = await lockFile(path.join(directory, ".lock"), () => log("waiting for another build to end"));
  try {
    if (await exists(binary)) return binary;
    const goMod = Buffer.from(files.get("go.mod") ?? new Uint8Array()).toString("utf8");
    await checkToolchain({ demandedGo: demandedGoVersion(goMod), needsC: false, environment });
    log(`building ${program.name} into ${directory} (once)`);
    const unfinished = path.join(directory, `.unfinished-${program.name}`);
    const result = await runCommand(
      "setpriv",
      ["--pdeathsig", "TERM", "--", "go", ...buildFlags, "-o", unfinished, "."],
      {
        directory: program.directory,
        environment: goEnvironment(environment, false),
      },
    );
    if (result.exitCode !== 0) throw buildFailure(program.name, result.stderr);
    await rename(unfinished, binary);
    return binary;
  } finally {
    await release();
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
