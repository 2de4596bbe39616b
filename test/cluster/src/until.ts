import { setTimeout as delay } from "node:timers/promises";
import { ClusterError } from "./errors.ts";

/**
 * Asks until the answer is not undefined, and returns it. It asks the less often the longer it waits, since most that is
 * asked is a process of its own, and takes from the machine what is waited for.
 *
 * @param what completes "timed out waiting for …"
 * @param timeoutMs generous: a loaded machine is no error
 * @throws Error with the last thing that `look` threw, after `timeoutMs`; at once what says that a process has ended
 */
export async function until<T>(what: string, look: () => Promise<T | undefined>, timeoutMs = 240_000): Promise<T> {
  const begun = performance.now();
  let last: unknown;
  for (;;) {
    try {
      const answer = await look();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (error instanceof ClusterError && error.code === "ERR_PROCESS_EXITED") throw error;
      last = error;
    }
    const waitedMs = performance.now() - begun;
    if (waitedMs > timeoutMs) {
      const said = last instanceof Error ? `: ${last.message}` : "";
      throw new Error(`timed out after ${Math.round(timeoutMs / 1000)} s waiting for ${what}${said}`, { cause: last });
    }
    await delay(Math.min(1000, Math.max(100, waitedMs / 10)));
  }
}
