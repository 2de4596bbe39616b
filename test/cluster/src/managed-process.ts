import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";

import { missingProgram } from "./command.ts";
import { ClusterError } from "./errors.ts";

/** A process that runs until it is killed. */
export interface ManagedProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** How it ended (`exit code 1`, `SIGKILL`), undefined while it runs. */
  readonly ending: () => string | undefined;
  /** Kills it and waits until it is gone. */
  readonly kill: () => Promise<void>;
  /** The error to throw when it is at fault: says why, and ends with its last log lines. */
  readonly failure: (reason: string) => Promise<ClusterError>;
}

export interface ProcessOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Gets the process's standard output and error. */
  readonly logFile: string;
  /** Default: that of this process. */
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Starts a process that dies with this one, however this one ends: setpriv(1) asks the kernel to send it SIGKILL
 * when the *thread* that started it is gone (prctl(2), PR_SET_PDEATHSIG). In Node that is the thread of the caller:
 * the main thread, or a worker, with which its processes then end too.
 *
 * @throws ClusterError ERR_HOST_PROGRAM_MISSING
 */
export async function startProcess({
  name,
  program,
  args,
  logFile,
  environment,
}: ProcessOptions): Promise<ManagedProcess> {
  const log = openSync(logFile, "a", 0o600);
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", program, ...args], {
    env: environment ?? process.env,
    stdio: ["ignore", log, log],
  });
  closeSync(log);

  let ending: string | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      ending = signal ?? `exit code ${code}`;
      resolve();
    });
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once("error", (error) => reject(missingProgram("setpriv", error)));
    child.once("spawn", () => resolve(child.pid ?? 0));
  });

  return {
    name,
    pid,
    logFile,
    ending: () => ending,
    kill: async () => {
      if (ending === undefined) child.kill("SIGKILL");
      await ended;
    },
    failure: async (reason) => {
      const lines = (await readFile(logFile, "utf8")).trimEnd().split("\n").slice(-15);
      const tail = `the last lines of ${logFile}:\n${lines.join("\n")}`;
      if (ending === undefined) return new ClusterError("ERR_NOT_READY", `${name}: ${reason}; ${tail}`);
      const portTaken = lines.some((line) => line.includes("address already in use"));
      const code = portTaken ? "ERR_PORT_TAKEN" : "ERR_PROCESS_EXITED";
      return new ClusterError(code, `${name} ended with ${ending} (${reason}); ${tail}`);
    },
  };
}
