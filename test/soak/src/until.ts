import { setTimeout as delay } from "node:timers/promises";

/**
 * Asks until the answer is not undefined, and returns it.
 *
 * @param what completes "timed out waiting for …"
 * @throws Error with the last thing that `look` threw, after three minutes
 */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 180_000;
  let last: unknown;
  for (;;) {
    try {
      const answer = await look();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      const said = last instanceof Error ? `: ${last.message}` : "";
      throw new Error(`timed out waiting for ${what}${said}`, { cause: last });
    }
    await delay(100);
  }
}
