import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { type Clock, type Random, sleep, systemClock } from "./clock.ts";
import { KubeClient } from "./kube-client.ts";
import type { KubeConnection } from "./kube-connection.ts";
import { isConflict } from "./kube-error.ts";
import { acquiredLease, epochOf, type Lease, leases, releasedLease, renewedLease } from "./lease.ts";
import type { Logger } from "./logger.ts";
import type { RuntimeMetrics } from "./metrics.ts";

export interface LeaderElectorOptions {
  /** The elector makes a client of its own, so that no other call delays a renewal. */
  readonly connection: KubeConnection;
  readonly userAgent: string;
  /** Of the Lease. */
  readonly namespace: string;
  readonly name: string;
  /** Default: host name and a random part, so that a restarted process is somebody else. */
  readonly identity?: string;
  /** How long others wait after they last saw a change before they take over. Default 30 s. */
  readonly leaseDurationMs?: number;
  /** How long after the last renewal this process stops leading. Default 20 s. */
  readonly renewDeadlineMs?: number;
  /** Between tries. Default 5 s; while waiting for the lease with a jitter of up to 1.2 times more. */
  readonly retryPeriodMs?: number;
  /** The highest epoch known from elsewhere, for when the Lease was deleted. Default 0. */
  readonly epochFloor?: () => Promise<number>;
  readonly log: Logger;
  readonly metrics?: RuntimeMetrics | undefined;
  readonly clock?: Clock;
  readonly jitter?: Random;
}

/** The lease was not renewed in time or is somebody else's: this process must end without touching anything. */
export class LeadershipLostError extends Error {
  override readonly name = "LeadershipLostError";
  readonly code = "ERR_LEADERSHIP_LOST";
}

const jitterFactor = 1.2;
const releaseLimitMs = 3_000;

/**
 * Takes and keeps a Lease (coordination.k8s.io/v1), as client-go's leaderelection.
 *
 * Whether a lease has run out is judged by when *this* process last saw it change, on a clock that cannot jump; the times in it are
 * never compared. Every write is a PUT with resourceVersion, so the API server decides between rivals.
 *
 * It is no fence: a process that was paused may believe for a moment that it leads. Guard what matters by `epoch`, which is higher than
 * any before it, and by resourceVersion.
 */
export class LeaderElector {
  readonly identity: string;
  readonly #options: LeaderElectorOptions;
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #jitter: Random;
  readonly #log: Logger;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  readonly #stop = new AbortController();
  readonly #lost = new AbortController();
  readonly #leading = Promise.withResolvers<number | undefined>();
  #running: Promise<void> | undefined;
  #observed: { readonly spec: string; readonly at: number } | undefined;
  #held: { readonly lease: Lease; readonly epoch: number; readonly renewedAt: number } | undefined;
  #cancelDeadline: () => void = () => {};

  constructor(options: LeaderElectorOptions) {
    const { leaseDurationMs = 30_000, renewDeadlineMs = 20_000, retryPeriodMs = 5_000 } = options;
    if (!(leaseDurationMs > renewDeadlineMs)) throw new RangeError("leaseDurationMs must be over renewDeadlineMs");
    if (!(renewDeadlineMs > jitterFactor * retryPeriodMs)) {
      throw new RangeError(`renewDeadlineMs must be over ${jitterFactor} × retryPeriodMs`);
    }
    this.identity = options.identity ?? `${hostname()}_${randomUUID()}`;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#jitter = options.jitter ?? Math.random;
    this.#log = options.log.child({ lease: options.name, identity: this.identity });
    this.#leaseDurationMs = leaseDurationMs;
    this.#renewDeadlineMs = renewDeadlineMs;
    this.#retryPeriodMs = retryPeriodMs;
    this.#client = new KubeClient(options.connection, {
      userAgent: options.userAgent,
      requestTimeoutMs: renewDeadlineMs / 2, // a hung renewal leaves time for another
      retryAfterBudgetMs: 0,
      metrics: options.metrics,
    });
    options.metrics?.leader.set({ name: options.name }, 0);
  }

  /** Whether this process may act as leader right now, by its own clock. */
  get isLeader(): boolean {
    return this.#held !== undefined && !this.#isOverdue(this.#held.renewedAt);
  }

  /**
   * How long nobody else can lead, if the lease is not renewed any more: what a call may last that only a leader may make. At least
   * the difference of lease and renew deadline while this process leads, else 0.
   */
  get remainingMs(): number {
    if (this.#held === undefined || !this.isLeader) return 0;
    return this.#held.renewedAt + this.#leaseDurationMs - this.#clock.monotonic();
  }

  /** Higher than that of every leader before; undefined while not leading. */
  get epoch(): number | undefined {
    return this.isLeader ? this.#held?.epoch : undefined;
  }

  /** Aborts with a {@link LeadershipLostError} when a lease that was held is not any more. It is not tried again: end the process. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Begins to try. Resolves with the epoch once this process leads, or with undefined after {@link stop}. */
  start(): Promise<number | undefined> {
    this.#running ??= this.#run(this.#stop.signal);
    return this.#leading.promise;
  }

  /** Stops trying or renewing and, when it holds the lease, releases it: call it after all work has ended. Never rejects. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#cancelDeadline();
    const held = this.#held;
    this.#held = undefined;
    this.#options.metrics?.leader.set({ name: this.#options.name }, 0);
    if (held !== undefined) await this.#release();
    await this.#client.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await this.#tried("acquire", () => this.#acquire(signal)))) {
      await sleep(this.#clock, this.#retryPeriodMs * (1 + jitterFactor * this.#jitter()), signal);
    }
    this.#leading.resolve(this.#held?.epoch);
    while (!signal.aborted && !this.#lost.signal.aborted) {
      await sleep(this.#clock, this.#retryPeriodMs, signal);
      if (!signal.aborted) await this.#tried("renew", () => this.#renew(signal));
    }
  }

  async #tried(what: "acquire" | "renew", attempt: () => Promise<boolean>): Promise<boolean> {
    try {
      return await attempt();
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#log.warn({ err: error }, `could not ${what} the lease: trying again`);
      return false;
    }
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    const lease = await this.#client.getOrUndefined<Lease>(leases, this.#options, { signal });
    if (lease !== undefined) {
      this.#observe(lease);
      const holder = lease.spec?.holderIdentity ?? "";
      // Ours: a write of ours that timed out went through after all, and the epoch in it counts.
      if (holder === this.identity) return this.#hold(lease, epochOf(lease), this.#clock.monotonic(), signal);
      if (holder !== "" && !this.#hasRunOut(lease)) return false;
    }
    const floor = (await this.#options.epochFloor?.()) ?? 0;
    const epoch = Math.max(floor, lease === undefined ? 0 : epochOf(lease)) + 1;
    return this.#hold(
      acquiredLease(lease ?? this.#newLease(), this.#holding(epoch)),
      epoch,
      this.#clock.monotonic(),
      signal,
    );
  }

  /** Writes the lease as ours. `startedAt` is when the write began: others count from later. */
  async #hold(lease: Lease, epoch: number, startedAt: number, signal: AbortSignal): Promise<boolean> {
    const isNew = lease.metadata.resourceVersion === undefined;
    const renewed = renewedLease(lease, this.#clock.now());
    const written = isNew
      ? await this.#client.create<Lease>(leases, renewed, { signal })
      : await this.#client.replace<Lease>(leases, renewed, { signal });
    // The answer came too late. A lease that was held is lost, or about to be; one that was not is found to be ours by the next try.
    if (this.#lost.signal.aborted || this.#isOverdue(startedAt)) return false;
    if (this.#held === undefined) {
      this.#log.info({ epoch }, "leading");
      this.#options.metrics?.leader.set({ name: this.#options.name }, 1);
    }
    this.#held = { lease: written, epoch, renewedAt: startedAt };
    this.#cancelDeadline();
    const leftMs = startedAt + this.#renewDeadlineMs - this.#clock.monotonic();
    this.#cancelDeadline = this.#clock.setTimer(() => {
      this.#lose("it could not be renewed in time");
    }, leftMs);
    return true;
  }

  async #renew(signal: AbortSignal): Promise<boolean> {
    const held = this.#held;
    if (held === undefined) return false;
    if (this.#isOverdue(held.renewedAt)) {
      this.#lose("it could not be renewed in time"); // this process was paused
      return false;
    }
    const startedAt = this.#clock.monotonic();
    try {
      return await this.#hold(held.lease, held.epoch, startedAt, signal);
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    // Somebody wrote to it: an annotation, or a rival.
    const lease = await this.#client.getOrUndefined<Lease>(leases, this.#options, { signal });
    if (lease === undefined) {
      return this.#hold(acquiredLease(this.#newLease(), this.#holding(held.epoch)), held.epoch, startedAt, signal);
    }
    if (lease.spec?.holderIdentity !== this.identity) {
      this.#lose(`it is held by ${JSON.stringify(lease.spec?.holderIdentity ?? "")} now`);
      return false;
    }
    return this.#hold(lease, held.epoch, startedAt, signal);
  }

  #lose(why: string): void {
    if (this.#held === undefined || this.#lost.signal.aborted) return;
    const { epoch } = this.#held;
    this.#held = undefined;
    this.#cancelDeadline();
    this.#options.metrics?.leader.set({ name: this.#options.name }, 0);
    this.#log.error({ epoch }, `lost the lease: ${why}`);
    this.#lost.abort(new LeadershipLostError(`lost the lease ${this.#options.name}: ${why}`));
  }

  async #release(): Promise<void> {
    const signal = AbortSignal.timeout(releaseLimitMs);
    for (let tries = 0; tries < 2; tries += 1) {
      try {
        const lease = await this.#client.getOrUndefined<Lease>(leases, this.#options, { signal });
        if (lease?.spec?.holderIdentity !== this.identity) return;
        await this.#client.replace<Lease>(leases, releasedLease(lease, this.#clock.now()), { signal });
        this.#log.info("released the lease");
        return;
      } catch (error) {
        // A renewal that was under way may have come in between: once more.
        if (isConflict(error) && tries === 0) continue;
        this.#log.warn({ err: error }, "could not release the lease: it runs out by itself");
        return;
      }
    }
  }

  #observe(lease: Lease): void {
    const spec = JSON.stringify(lease.spec);
    if (this.#observed?.spec !== spec) this.#observed = { spec, at: this.#clock.monotonic() };
  }

  #hasRunOut(lease: Lease): boolean {
    const seconds = lease.spec?.leaseDurationSeconds ?? 0;
    const durationMs = seconds > 0 ? seconds * 1000 : this.#leaseDurationMs;
    return this.#observed !== undefined && this.#clock.monotonic() - this.#observed.at >= durationMs;
  }

  #isOverdue(renewedAt: number): boolean {
    return this.#clock.monotonic() - renewedAt >= this.#renewDeadlineMs;
  }

  #holding(epoch: number): Parameters<typeof acquiredLease>[1] {
    return { identity: this.identity, epoch, leaseDurationMs: this.#leaseDurationMs, now: this.#clock.now() };
  }

  #newLease(): Lease {
    const { namespace, name } = this.#options;
    return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { namespace, name } };
  }
}
