import type { Clock } from "../src/clock.ts";

/** A clock that stands still until told. Wall clock and monotonic clock can be set apart, as after a skew. */
export class ManualClock implements Clock {
  #monotonic = 1_000;
  #offset: number;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  constructor(nowMs: number = Date.UTC(2026, 0, 1)) {
    this.#offset = nowMs - this.#monotonic;
  }

  now(): number {
    return this.#monotonic + this.#offset;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  setTimer(callback: () => void, ms: number): () => void {
    const timer = { at: this.#monotonic + Math.max(0, ms), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Milliseconds to the next timer. */
  get nextTimerMs(): number | undefined {
    return this.#timers.size === 0 ? undefined : Math.min(...[...this.#timers].map(({ at }) => at)) - this.#monotonic;
  }

  /** Rings what is due on the way, in order. */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    while (this.#ringNextUntil(end)) {}
    this.#monotonic = end;
  }

  /** Rings the first timer alone, if it is due, as Node does before it turns to what that timer has set going. */
  ringNext(): void {
    this.#ringNextUntil(this.#monotonic);
  }

  /** As after SIGSTOP: time went by and nothing rang. */
  pause(ms: number): void {
    this.#monotonic += ms;
  }

  skewWallClock(ms: number): void {
    this.#offset += ms;
  }

  #ringNextUntil(end: number): boolean {
    const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
    if (next === undefined) return false;
    this.#timers.delete(next);
    this.#monotonic = Math.max(this.#monotonic, next.at);
    next.callback();
    return true;
  }
}
