import { spawn } from "node:child_process";
import { once } from "node:events";

import { missingProgram } from "./command.ts";
import { ClusterError } from "./errors.ts";

/** With which flock(1) says that another process holds the lock. None of its own. */
const heldExitCode = 75;

/**
 * Takes an exclusive lock on a file, waiting as long as another process holds it.
 *
 * Node has no flock(2), so a child holds it: it reads its standard input until that closes, which the kernel does for
 * us however this process ends. So a lock never outlives its owner, and a left-over file means nothing.
 *
 * @param onWait is called once when the lock is not to be had at once.
 * @returns a function that releases the lock.
 * @throws ClusterError ERR_HOST_PROGRAM_MISSING
 */
export async function lockFile(file: string, onWait: () => void): Promise<() => Promise<void>> {
  const atOnce = await hold(file, ["--nonblock", `--conflict-exit-code=${heldExitCode}`]);
  if (atOnce !== undefined) return atOnce;
  onWait();
  const later = await hold(file, []);
  if (later === undefined) throw new ClusterError("ERR_SETUP_REFUSED", `${file} could not be locked`);
  return later;
}

/** Undefined when another process holds it and the flags say not to wait. */
async function hold(file: string, flags: readonly string[]): Promise<(() => Promise<void>) | undefined> {
  const holder = spawn("flock", [...flags, file, "sh", "-c", "echo locked; exec cat"], { stdio: "pipe" });
  let complaint = "";
  holder.stderr.on("data", (chunk: Uint8Array) => (complaint += Buffer.from(chunk).toString("utf8")));
  const failed = once(holder, "error").then(([error]) => {
    throw missingProgram("flock", error);
  });
  const ended = once(holder, "close");
  const isLocked = await Promise.race([
    once(holder.stdout, "data").then(() => true),
    failed,
    ended.then(([exitCode]) => {
      if (exitCode === heldExitCode) return false;
      throw new ClusterError("ERR_SETUP_REFUSED", `${file} could not be locked: ${complaint.trim()}`);
    }),
  ]);
  if (!isLocked) return undefined;
  return async () => {
    holder.stdin.end();
    await ended;
  };
}
