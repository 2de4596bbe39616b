import { monitorEventLoopDelay, performance } from "node:perf_hooks";

/** Of this many: a busy machine slows one run down, a slow check slows all. */
const RUNS = 3;

/** How long a call keeps everybody else waiting, in milliseconds: the best of three. */
export function blockedMs(call: () => void): number {
  const times = Array.from({ length: RUNS }, () => {
    const begin = performance.now();
    call();
    return performance.now() - begin;
  });
  return Math.min(...times);
}

/** The longest time, in milliseconds, for which the event loop stood still during an asynchronous call: the best of three. */
export async function longestBlockMs(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const monitor = monitorEventLoopDelay({ resolution: 1 });
    monitor.enable();
    await call();
    // Else what was done after the last tick would not be counted.
    await new Promise((resolve) => setTimeout(resolve, 5));
    monitor.disable();
    times.push(monitor.max / 1e6);
  }
  return Math.min(...times);
}
