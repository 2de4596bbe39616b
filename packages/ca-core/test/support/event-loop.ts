import { monitorEventLoopDelay } from "node:perf_hooks";

/** Of this many: a busy machine slows one run down, a slow check slows all. */
const RUNS = 3;

/**
 * How long a call keeps everybody else waiting, in milliseconds: the best of three. It is counted in the thread's own time
 * of the processor, which for a call that waits for nothing is as long as it takes, but for what other programs take from it.
 */
export function blockedMs(call: () => void): number {
  const times = Array.from({ length: RUNS }, () => {
    const begin = process.threadCpuUsage();
    call();
    const { user, system } = process.threadCpuUsage(begin);
    return (user + system) / 1000;
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
