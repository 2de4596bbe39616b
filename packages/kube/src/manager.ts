import type { Controller } from "./controller.ts";
import type { HealthServer } from "./health-server.ts";
import type { LeaderElector } from "./leader-elector.ts";
import type { Logger } from "./logger.ts";

export interface ManagerOptions {
  readonly health: HealthServer;
  /** Run from the start, on the standby too. */
  readonly reflectors: readonly ManagedReflector[];
  /** Run while leading. */
  readonly controllers: readonly Controller[];
  /** Left out: this process leads alone, or has nothing to lead. */
  readonly elector?: LeaderElector | undefined;
  /** Awaited once this process leads, before controllers start: for what must be settled first. */
  readonly onLeading?: (epoch: number, signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
}

export interface ManagedReflector {
  readonly name: string;
  readonly synced: boolean;
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Starts and stops the parts of a controller in the one right order.
 *
 * Start: health server, reflectors, the wait for leadership, controllers (each once its reflectors are synced).
 * Stop: not ready, reflectors end, queues drain for up to 20 s, the lease is released, the health server closes.
 */
export class Manager {
  readonly #options: ManagerOptions;
  #isStopping = false;

  constructor(options: ManagerOptions) {
    this.#options = options;
    const { health, reflectors } = options;
    health.addReadyCheck("running", () => (this.#isStopping ? "stopping" : undefined));
    for (const reflector of reflectors) {
      health.addReadyCheck(`synced:${reflector.name}`, () =>
        reflector.synced ? undefined : "the first list is not complete",
      );
    }
  }

  /**
   * Resolves when `signal` has aborted and everything has ended. Rejects with a LeadershipLostError as soon as the lease is lost: running
   * reconciles are told by their signal, but the process should end at once. Rejects too when the health server cannot listen or `onLeading` fails.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { health, reflectors, elector, log } = this.#options;
    signal.addEventListener("abort", () => (this.#isStopping = true), { once: true });
    log.info({ port: await health.start() }, "health server is listening");
    const reflecting = reflectors.map((reflector) => reflector.run(signal));
    try {
      await Promise.race([this.#lead(signal), rejectWhenLost(elector)]);
      await Promise.all(reflecting);
    } finally {
      if (elector?.lost.aborted !== true) await elector?.stop();
      await health.close();
    }
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { controllers, elector, onLeading } = this.#options;
    const epoch = elector === undefined ? 0 : await leadingOrAborted(elector, signal);
    if (epoch === undefined || signal.aborted) return;
    await onLeading?.(epoch, signal);
    await Promise.all(controllers.map((controller) => controller.run(signal, elector)));
    if (!signal.aborted) await aborted(signal);
  }
}

async function leadingOrAborted(elector: LeaderElector, signal: AbortSignal): Promise<number | undefined> {
  return Promise.race([elector.start(), aborted(signal).then(() => undefined)]);
}

async function rejectWhenLost(elector: LeaderElector | undefined): Promise<never> {
  if (elector === undefined) return new Promise(() => {});
  await aborted(elector.lost);
  throw elector.lost.reason;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener(
      "abort",
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
