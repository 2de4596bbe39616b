import { type Clock, type Random, systemClock } from "./clock.ts";

/** A bucket that refills steadily. `reserve` always takes a token and says how long to wait for it, in milliseconds. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #tokens: number;
  #at: number;

  constructor(options: { readonly perSecond: number; readonly burst: number; readonly clock?: Clock }) {
    this.#perSecond = options.perSecond;
    this.#burst = options.burst;
    this.#clock = options.clock ?? systemClock;
    this.#tokens = options.burst;
    this.#at = this.#clock.monotonic();
  }

  reserve(): number {
    this.#refill();
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1000;
  }

  /** Takes a token if there is one. */
  tryTake(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Whether nothing was taken that has not come back since. */
  get isFull(): boolean {
    this.#refill();
    return this.#tokens >= this.#burst;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
  }
}

const baseMs = 5;
const maxMs = 1_000_000;

/**
 * How long a failed key waits: 5 ms × 2ⁿ up to 1000 s, each between half and the whole of that, and no more than
 * 10 retries a second (100 at once) over all keys of a group, so that one group's failures do not hold back another's. The numbers are
 * client-go's.
 */
export class RetryLimiter {
  readonly #failures = new Map<string, number>();
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #clock: Clock;
  readonly #jitter: Random;

  constructor(options: { readonly clock?: Clock; readonly jitter?: Random } = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#jitter = options.jitter ?? Math.random;
  }

  /** Counts a failure and returns the delay in milliseconds. */
  next(key: string, path: readonly string[]): number {
    const failures = this.failures(key);
    this.#failures.set(key, failures + 1);
    const ceiling = Math.min(maxMs, baseMs * 2 ** failures);
    return Math.max(ceiling * (0.5 + 0.5 * this.#jitter()), this.#bucketOf(JSON.stringify(path)).reserve());
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  #bucketOf(group: string): TokenBucket {
    const known = this.#buckets.get(group);
    if (known !== undefined) return known;
    // A full bucket says no more than a new one.
    for (const [name, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(name);
    const bucket = new TokenBucket({ perSecond: 10, burst: 100, clock: this.#clock });
    this.#buckets.set(group, bucket);
    return bucket;
  }
}
