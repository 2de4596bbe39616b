/** Time as the runtime sees it; tests bring their own. */
export interface Clock {
  /** Milliseconds since the epoch: only for what others read. It may jump. */
  now(): number;
  /** Milliseconds since some fixed moment: for every interval and deadline. It never jumps back. */
  monotonic(): number;
  /** Calls back once after `ms`; the returned function cancels it. */
  setTimer(callback: () => void, ms: number): () => void;
}

/** A number in [0, 1), as Math.random. Never used for secrets. */
export type Random = () => number;

// setTimeout fires at once when asked for more than this.
const longestTimeoutMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, ms) {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), longestTimeoutMs));
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Resolves after `ms`, or as soon as the signal aborts: look at the signal afterwards. Never rejects. */
export async function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const wake = (): void => {
      cancel();
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const cancel = clock.setTimer(wake, ms);
    signal.addEventListener("abort", wake, { once: true });
  });
}
