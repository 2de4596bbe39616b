import { spawn } from "node:child_process";
import { constants } from "node:os";

import { ClusterError } from "./errors.ts";

/** How a command ended. `exitCode` is 128 plus the signal's number when a signal ended it, as in a shell. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface CommandOptions {
  readonly directory?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly stdin?: string | undefined;
}

/** Programs of the host, and what to install when one is missing. */
const hostPrograms: Readonly<Record<string, string>> = {
  flock: "install util-linux",
  gcc: "install gcc with the C library's headers (Debian: build-essential)",
  go: "install Go 1.26 or newer",
  openssl: "install openssl",
  setpriv: "install util-linux",
};

/** The error for a program that could not be started. */
export function missingProgram(program: string, cause: unknown): ClusterError {
  const cure = hostPrograms[program] ?? "install it, or correct its path";
  return new ClusterError("ERR_HOST_PROGRAM_MISSING", `${program} could not be started: ${cure}`, { cause });
}

/**
 * Runs a command to its end. A non-zero exit is a result, not an error.
 *
 * @throws ClusterError ERR_HOST_PROGRAM_MISSING
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(program, args, {
    cwd: options.directory,
    env: options.environment ?? process.env,
    stdio: "pipe",
  });
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  child.stdout.on("data", (chunk: Uint8Array) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Uint8Array) => stderr.push(chunk));
  // A command that ends before it has read its input is no failure of ours; its exit code tells.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
  return await new Promise((resolve, reject) => {
    child.on("error", (error) => reject(missingProgram(program, error)));
    child.on("close", (code, signal) => {
      resolve({
        stdout: Buffer.concat(stdout).toString("utf8"),
        stderr: Buffer.concat(stderr).toString("utf8"),
        exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
      });
    });
  });
}
