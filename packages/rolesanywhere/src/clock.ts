import { performance } from "node:perf_hooks";

/** Time as pacing needs it. Monotonic: a corrected wall clock must neither stall the calls nor let them rush. */
export interface Clock {
  /** Milliseconds since any fixed moment, never falling. */
  readonly now: () => number;
  /** Resolves after `ms` milliseconds, or a little earlier; rejects with the signal's reason when it aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const monotonicClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      if (signal?.aborted) onAbort();
      else signal?.addEventListener("abort", onAbort, { once: true });
    }),
};
