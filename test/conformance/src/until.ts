import { setTimeout as delay } from "node:timers/promises";

const limitMs = 300_000;

/**
 * Asks until the answer is not undefined, and returns it. A refused connection is an answer to come.
 *
 * @param what completes "gave up waiting for …"
 * @throws Error with what `look` threw last, after five minutes; at once what is not of a connection
 */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    let last: unknown;
    try {
      const answer = await look();
      if (answer !== undefined) return answer;
    } catch (error) {
      // fetch says so of every connection that fails.
      if (!(error instanceof TypeError)) throw error;
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${what}`, { cause: last });
    await delay(200);
  }
}
