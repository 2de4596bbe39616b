import type { Clock, KubeClient, Logger, ReconcileResult } from "@capstan/kube";
import { LeafReplacements } from "../../src/reissue/leaf-replacements.ts";

/** Runs what replaces leaves and a reconciler that asks for it in turn, as their controllers do. */
export class ReissuePasses {
  readonly replacements: LeafReplacements;
  readonly #woken = new Set<string>();

  constructor(options: {
    readonly client: KubeClient;
    readonly now: () => Date;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.replacements = new LeafReplacements({ ...options, onWanted: () => {} });
  }

  wake(key: string): void {
    this.#woken.add(key);
  }

  /** Until nobody has anything to do before time goes by. */
  async run(
    key: string,
    look: (key: string) => Promise<ReconcileResult | undefined>,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    let result = await look(key);
    const waitMs = await this.replacements.work(signal);
    if (this.#woken.delete(key)) result = await look(key);
    const waits = [result?.requeueAfterMs, waitMs].filter((ms) => ms !== undefined);
    return waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) };
  }
}
