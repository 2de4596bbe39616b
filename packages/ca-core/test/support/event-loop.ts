import { setImmediate as nextTurn } from "node:timers/promises";

/** Of this many: a busy machine slows one run down, a slow check slows all. */
const RUNS = 3;

/**
 * How long a call keeps everybody else waiting, in milliseconds: the best of three. It is counted in the thread's own time
 * of the processor, which for a call that waits for nothing is as long as it takes, but for what other programs take from it.
 */
export function blockedMs(call: () => void): number {
  const times = Array.from({ length: RUNS }, () => {
    const begin = threadMs();
    call();
    return threadMs() - begin;
  });
  return Math.min(...times);
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * The longest time, in milliseconds, that the event loop spends in one turn during an asynchronous call: the best of three,
 * counted likewise.
 */
export async function longestBlockMs(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    let isOver = false;
    let longest = 0;
    const watched = (async () => {
      // One more turn when it is over: else what was done in its last one would not be counted.
      for (let last = false; !last;) {
        last = isOver;
        const begin = threadMs();
        await nextTurn();
        longest = Math.max(longest, threadMs() - begin);
      }
    })();
    await call().finally(() => (isOver = true));
    await watched;
    times.push(longest);
  }
  return Math.min(...times);
}
