import { type Clock, type Random, systemClock } from "./clock.ts";

export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
  /** This long without a failure, and the next one counts as the first. */
  readonly resetAfterMs: number;
  readonly clock?: Clock;
  readonly jitter?: Random;
}

/** Exponential delays with full jitter: between 0 and base × 2ⁿ, never over the maximum. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #clock: Clock;
  readonly #jitter: Random;
  #failures = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#jitter = options.jitter ?? Math.random;
  }

  /** Counts a failure and returns how long to wait, in milliseconds. */
  next(): number {
    const now = this.#clock.monotonic();
    if (now - this.#lastAt > this.#options.resetAfterMs) this.#failures = 0;
    const ceiling = Math.min(this.#options.maxMs, this.#options.baseMs * 2 ** this.#failures);
    this.#failures += 1;
    const delay = this.#jitter() * ceiling;
    this.#lastAt = now + delay;
    return delay;
  }
}
