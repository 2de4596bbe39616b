import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Of the Python Package Index. Version 2 is not there. */
const version = "1.46.3";

/**
 * Folder with the AWS CLI, for a PATH. Installed once into `${XDG_CACHE_HOME:-~/.cache}/capstan`, in a Python environment of its own.
 *
 * @throws Error when the machine has no python3 with venv, or the index cannot be reached
 */
export async function installAwsCli(): Promise<string> {
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
  const folder = path.join(cache, "capstan", `aws-cli-${version}`);
  await mkdir(folder, { recursive: true });
  const whole = path.join(folder, "whole");
  // An environment cannot be moved, so a file says that it is whole.
  const install = `test -e "$1" || { python3 -m venv "$2" && "$2/bin/pip" install --quiet awscli==${version} && touch "$1"; }`;
  await run("flock", [path.join(folder, "lock"), "sh", "-ec", install, "sh", whole, path.join(folder, "venv")]);
  return path.join(folder, "venv", "bin");
}
