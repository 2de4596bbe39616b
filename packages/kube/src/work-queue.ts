import { type Clock, type Random, systemClock } from "./clock.ts";
import { FairKeys } from "./fair-keys.ts";
import type { RuntimeMetrics } from "./metrics.ts";
import { RetryLimiter } from "./rate-limiter.ts";

/**
 * The groups that a key is in, outermost first: `(key) => [issuerOf(key), namespaceOf(key)]`. Groups take turns on every level, so that
 * one with thousands of keys delays the next key of another by one key of its own. Asked whenever the key begins to wait for a worker or
 * has failed; it may answer differently each time, and must not throw. Keys of `[]` share one group of their own.
 */
export type GroupOf = (key: string) => readonly string[];

export interface WorkQueueOptions {
  /** Labels its metrics. */
  readonly name: string;
  /** Left out, keys are handed out in the order they came. */
  readonly groupOf?: GroupOf | undefined;
  readonly metrics?: RuntimeMetrics | undefined;
  readonly clock?: Clock;
  readonly jitter?: Random;
}

/**
 * A queue of keys that have changed, as client-go's.
 *
 * - A key is never with two workers at once.
 * - A key added while a worker has it is handed out again after `done`: no change is lost.
 * - A key added many times before a worker takes it is handed out once.
 * - Every `get` is followed by one `done`.
 * - Groups take turns, and each has retries of its own: none can starve another (see {@link GroupOf}).
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #metrics: RuntimeMetrics | undefined;
  readonly #labels: { readonly name: string; readonly controller: string };
  readonly #groupOf: GroupOf;
  readonly #limiter: RetryLimiter;
  // Keys to be worked on, whether in #ready or, when a worker has them, after its `done`. Value: since when.
  readonly #dirty = new Map<string, number>();
  readonly #processing = new Map<string, number>();
  // Keys in #dirty that no worker has.
  readonly #ready = new FairKeys();
  readonly #waiting = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  readonly #drained: (() => void)[] = [];
  #isShutDown = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#metrics = options.metrics;
    this.#labels = { name: options.name, controller: options.name };
    this.#groupOf = options.groupOf ?? (() => []);
    this.#limiter = new RetryLimiter({ clock: this.#clock, ...(options.jitter && { jitter: options.jitter }) });
    this.#startMetrics();
  }

  /** Keys that wait for a worker now; not those to come later. */
  get size(): number {
    return this.#ready.size;
  }

  /** Hands the key to a worker as soon as one is free. */
  add(key: string): void {
    if (this.#isShutDown || this.#dirty.has(key)) return;
    this.#dirty.set(key, this.#clock.monotonic());
    this.#metrics?.queueAdds.inc(this.#labels);
    if (!this.#processing.has(key)) this.#offer(key);
  }

  /** Adds the key after so many milliseconds. Asked several times, the earliest moment counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#isShutDown) return;
    if (!(delayMs > 0)) {
      this.add(key);
      return;
    }
    const at = this.#clock.monotonic() + delayMs;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined && waiting.at <= at) return;
    waiting?.cancel();
    const cancel = this.#clock.setTimer(() => {
      this.#ring(key, at);
    }, delayMs);
    this.#waiting.set(key, { at, cancel });
  }

  /** Adds the key after a failure: later each time until {@link forget}, and not before `leastMs`. */
  addRateLimited(key: string, leastMs = 0): void {
    if (this.#isShutDown) return;
    this.#metrics?.queueRetries.inc(this.#labels);
    this.addAfter(key, Math.max(leastMs, this.#limiter.next(key, this.#groupOf(key))));
  }

  /** Ends the series of failures. */
  forget(key: string): void {
    this.#limiter.forget(key);
  }

  failures(key: string): number {
    return this.#limiter.failures(key);
  }

  /** The next key, once there is one; undefined when the queue was shut down and nothing is left. */
  get(): Promise<string | undefined> {
    const key = this.#ready.shift();
    if (key !== undefined) return Promise.resolve(this.#take(key));
    if (this.#isShutDown && this.#processing.size === 0) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** The worker is through with the key. */
  done(key: string): void {
    const since = this.#processing.get(key);
    if (since === undefined) throw new Error(`no worker holds "${key}"`);
    this.#processing.delete(key);
    this.#metrics?.workDuration.observe(this.#labels, (this.#clock.monotonic() - since) / 1000);
    if (this.#dirty.has(key)) this.#offer(key);
    this.#settle();
  }

  /** Refuses new keys and forgets delayed ones; what is ready, or dirty with a worker, is still handed out. */
  shutDown(): void {
    this.#isShutDown = true;
    for (const { cancel } of this.#waiting.values()) cancel();
    this.#waiting.clear();
    this.#settle();
  }

  /** Resolves when the queue was shut down and every key is done. */
  whenDrained(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained.push(resolve);
      this.#settle();
    });
  }

  /** Drops what no worker holds. With {@link shutDown}: workers end after the key they have. */
  clear(): void {
    this.#dirty.clear();
    this.#ready.clear();
    this.#setDepth();
    this.#settle();
  }

  #ring(key: string, at: number): void {
    // A timer may be early by a fraction, or by weeks when the delay was longer than a timer can be.
    const early = at - this.#clock.monotonic();
    this.#waiting.delete(key);
    if (early > 1) this.addAfter(key, early);
    else this.add(key);
  }

  #offer(key: string): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#ready.push(key, this.#groupOf(key));
    else taker(this.#take(key)); // a worker waits only while nothing is ready
    this.#setDepth();
  }

  #take(key: string): string {
    const now = this.#clock.monotonic();
    this.#metrics?.queueDuration.observe(this.#labels, (now - (this.#dirty.get(key) ?? now)) / 1000);
    this.#dirty.delete(key);
    this.#processing.set(key, now);
    this.#setDepth();
    return key;
  }

  #settle(): void {
    if (!this.#isShutDown || this.#processing.size > 0 || this.#ready.size > 0) return;
    for (const taker of this.#takers.splice(0)) taker(undefined);
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  #setDepth(): void {
    this.#metrics?.queueDepth.set(this.#labels, this.#ready.size);
  }

  #startMetrics(): void {
    const metrics = this.#metrics;
    if (metrics === undefined) return;
    metrics.queueDepth.set(this.#labels, 0);
    metrics.queueAdds.inc(this.#labels, 0);
    metrics.queueRetries.inc(this.#labels, 0);
    metrics.queueDuration.zero(this.#labels);
    metrics.workDuration.zero(this.#labels);
    metrics.onScrape(() => {
      const now = this.#clock.monotonic();
      const ages = [...this.#processing.values()].map((since) => (now - since) / 1000);
      metrics.unfinishedWork.set(
        this.#labels,
        ages.reduce((sum, age) => sum + age, 0),
      );
      metrics.longestRunning.set(this.#labels, Math.max(0, ...ages));
    });
  }
}
