import { setTimeout as delay } from "node:timers/promises";

import type { ManagedProcess } from "./managed-process.ts";

/** What to wait for. */
export interface Condition {
  /** Completes the sentence "etcd: not yet …", as `healthy`. */
  readonly what: string;
  /** The process that is at fault when it takes too long. */
  readonly process: ManagedProcess;
  /** True when it is so. A text says what is still missing; it ends up in the error. Throwing counts as that. */
  readonly check: () => Promise<true | string>;
  readonly timeoutMs: number;
}

/**
 * Asks every 50 ms until the condition holds.
 *
 * @throws ClusterError ERR_NOT_READY, or ERR_PROCESS_EXITED or ERR_PORT_TAKEN as soon as the process ends.
 */
export async function waitUntil({ what, process, check, timeoutMs }: Condition): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const missing = await check().catch((error: unknown) => String(error));
    if (missing === true) return;
    const reason = `not ${what}: ${missing}`;
    if (process.ending() !== undefined) throw await process.failure(reason);
    if (performance.now() > deadline) throw await process.failure(`after ${Math.round(timeoutMs / 1000)} s ${reason}`);
    await delay(50);
  }
}
