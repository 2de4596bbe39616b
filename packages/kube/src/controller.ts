import { randomUUID } from "node:crypto";
import { type Clock, type Random, systemClock } from "./clock.ts";
import { isConflict, KubeApiError } from "./kube-error.ts";
import { type KubeObject, refOfKey } from "./kube-object.ts";
import type { Logger } from "./logger.ts";
import type { RuntimeMetrics } from "./metrics.ts";
import { type Reconciler, TerminalError } from "./reconciler.ts";
import type { Reflector, ReflectorChange } from "./reflector.ts";
import { type GroupOf, WorkQueue } from "./work-queue.ts";

export interface ControllerOptions {
  /** Labels its logs and metrics. */
  readonly name: string;
  readonly reconcile: Reconciler;
  /** Keys in work at once. Default 4: it is one event loop. */
  readonly workers?: number;
  /** Groups of keys that take turns, like namespaces, so that none waits for the many keys of another. Left out, all are one. */
  readonly groupOf?: GroupOf | undefined;
  /** How long a stop waits for ready keys and running reconciles before their signal aborts. Default 20 s. */
  readonly drainMs?: number;
  readonly log: Logger;
  readonly metrics?: RuntimeMetrics | undefined;
  readonly clock?: Clock;
  /** Spreads retries. Not called `random`, which in programs that sign yields bytes. */
  readonly jitter?: Random;
}

/** Whether this process may act; a LeaderElector is one. */
export interface Leadership {
  /** Right now, by the clock: a process that was paused past its deadline is told by this before any timer rings. */
  readonly isLeader: boolean;
  /** Aborts as soon as it is known that the lease is lost. */
  readonly lost: AbortSignal;
}

interface Source {
  readonly name: string;
  whenSynced(signal: AbortSignal): Promise<void>;
}

/** Calls a reconciler for each key that its watches report. */
export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #queue: WorkQueue;
  readonly #sources: Source[] = [];

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log.child({ controller: options.name });
    this.#queue = new WorkQueue(options);
    this.#startMetrics();
  }

  /**
   * Queues the key of each changed object or, with `keysOf`, the keys that it has a bearing on: those of an issuer's requests, say.
   * Call before `run`. Changes are collected even while another replica leads.
   */
  watch<T extends KubeObject>(
    reflector: Reflector<T>,
    keysOf: (key: string, change: ReflectorChange<T>) => Iterable<string> = (key) => [key],
  ): void {
    this.#sources.push(reflector);
    reflector.onChange((key, change) => {
      for (const mapped of keysOf(key, change)) this.#queue.add(mapped);
    });
  }

  /** Queues a key for a reason outside the watched kinds. */
  enqueue(key: string): void {
    this.#queue.add(key);
  }

  /**
   * Waits until every watched reflector is synced, then works until `signal` aborts; then takes no new keys, finishes what is ready
   * and running, and resolves. After `drainMs`, or as soon as leadership is lost, the reconciles' signal aborts and ready keys are
   * dropped; running reconciles are still awaited. Never rejects.
   */
  async run(signal: AbortSignal, leadership?: Leadership): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.whenSynced(signal)));
    if (signal.aborted) {
      this.#queue.shutDown();
      return;
    }
    this.#log.info({ workers: this.#workers }, "working");
    const cut = new AbortController();
    const giveUp = (): void => {
      this.#queue.shutDown();
      this.#queue.clear();
      cut.abort(new Error("the controller is stopping"));
    };
    let cancel = (): void => {};
    const stop = (): void => {
      this.#queue.shutDown();
      cancel = this.#clock.setTimer(giveUp, this.#options.drainMs ?? 20_000);
    };
    signal.addEventListener("abort", stop, { once: true });
    leadership?.lost.addEventListener("abort", giveUp, { once: true });
    if (leadership?.lost.aborted === true) giveUp();
    const mayStart = (): boolean => {
      if (leadership?.isLeader === false) giveUp();
      return !cut.signal.aborted;
    };
    await Promise.all(Array.from({ length: this.#workers }, () => this.#work(cut.signal, mayStart)));
    cancel();
    signal.removeEventListener("abort", stop);
    leadership?.lost.removeEventListener("abort", giveUp);
    this.#log.info("stopped");
  }

  get #workers(): number {
    return this.#options.workers ?? 4;
  }

  async #work(signal: AbortSignal, mayStart: () => boolean): Promise<void> {
    for (;;) {
      const key = await this.#queue.get();
      if (key === undefined) return;
      if (!mayStart()) {
        this.#queue.done(key);
        continue; // the queue is shut down and empty
      }
      const { metrics } = this.#options;
      const labels = { controller: this.name };
      const startedAt = this.#clock.monotonic();
      metrics?.activeWorkers.inc(labels);
      try {
        await this.#reconcile(key, signal);
      } finally {
        metrics?.activeWorkers.dec(labels);
        metrics?.reconcileTime.observe(labels, (this.#clock.monotonic() - startedAt) / 1000);
        this.#queue.done(key);
      }
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<void> {
    try {
      const result = await this.#options.reconcile(key, signal);
      this.#queue.forget(key);
      const requeueAfterMs = result?.requeueAfterMs;
      this.#count(requeueAfterMs === undefined ? "success" : "requeue_after");
      if (requeueAfterMs !== undefined) this.#queue.addAfter(key, requeueAfterMs);
    } catch (error) {
      const log = this.#log.child({ ...refOfKey(key), reconcileId: randomUUID() });
      this.#count("error");
      this.#options.metrics?.reconcileErrors.inc({ controller: this.name });
      if (error instanceof TerminalError) {
        this.#options.metrics?.terminalErrors.inc({ controller: this.name });
        this.#queue.forget(key);
        log.error({ err: error }, "failed for good");
        return;
      }
      this.#queue.addRateLimited(key, error instanceof KubeApiError ? (error.retryAfterMs ?? 0) : 0);
      const fields = { err: error, failures: this.#queue.failures(key) };
      // Somebody else was faster: the next look decides anew.
      if (isConflict(error)) log.info(fields, "the object changed meanwhile: looking again");
      else log.error(fields, "failed: trying again");
    }
  }

  #count(result: "success" | "requeue_after" | "error"): void {
    this.#options.metrics?.reconciles.inc({ controller: this.name, result });
  }

  #startMetrics(): void {
    const { metrics } = this.#options;
    if (metrics === undefined) return;
    const labels = { controller: this.name };
    for (const result of ["success", "requeue_after", "requeue", "error"])
      metrics.reconciles.inc({ ...labels, result }, 0);
    metrics.reconcileErrors.inc(labels, 0);
    metrics.terminalErrors.inc(labels, 0);
    metrics.reconcileTime.zero(labels);
    metrics.activeWorkers.set(labels, 0);
    metrics.maxWorkers.set(labels, this.#workers);
  }
}
