import { spawn } from "node:child_process";
import { once } from "node:events";

import { missingProgram } from "./command.ts";
import { ClusterError } from "./errors.ts";

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
  const holder = spawn("flock", [file, "sh", "-c", "echo locked; exec cat"], { stdio: "pipe" });
  let complaint = "";
  holder.stderr.on("data", (chunk: Uint8Array) => (complaint += Buffer.from(chunk).toString("utf8")));
  const failed = once(holder, "error").then(([error]) => {
    throw missingProgram("flock", error);
  });
  const ended = once(holder, "close");
  const waitNotice = setTimeout(onWait, 500);
  try {
    await Promise.race([
      once(holder.stdout, "data"),
      failed,
      ended.then(() => {
        throw new ClusterError("ERR_SETUP_REFUSED", `${file} could not be locked: ${complaint.trim()}`);
      }),
    ]);
  } finally {
    clearTimeout(waitNotice);
  }
  return async () => {
    holder.stdin.end();
    await ended;
  };
}
