import type { Clock } from "../src/clock.ts";

export interface JumpingClock extends Clock {
  /** Lets time pass as work would. */
  readonly advance: (ms: number) => void;
}

/** A clock on which nobody waits: a sleep moves the time at once. */
export function jumpingClock(): JumpingClock {
  let nowMs = 0;
  return {
    now: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      nowMs += ms;
    },
  };
}
