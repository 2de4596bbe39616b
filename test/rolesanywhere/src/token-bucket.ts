/** A rate limit that starts full, refills continuously and never holds more than its burst. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => Date;
  #tokens: number;
  #filledAt: number;

  constructor(options: { readonly perSecond: number; readonly burst: number; readonly now: () => Date }) {
    this.#perSecond = options.perSecond;
    this.#burst = options.burst;
    this.#now = options.now;
    this.#tokens = options.burst;
    this.#filledAt = options.now().getTime();
  }

  /** Takes a token if there is one. */
  take(): boolean {
    const now = this.#now().getTime();
    // A clock that was set back must not empty the bucket.
    const elapsedMs = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs / 1000) * this.#perSecond);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
