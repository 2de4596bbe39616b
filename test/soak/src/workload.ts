import { setTimeout as delay } from "node:timers/promises";
import type { SessionAsker } from "./ask-session.ts";
import type { AuthorityWatch } from "./authority-watch.ts";
import type { Anchor } from "./aws.ts";
import type { HeldLeaf, LeafSource } from "./held-leaf.ts";
import type { Tally } from "./tally.ts";
import type { ScaledTime } from "./time-scale.ts";

export interface WorkloadOptions {
  readonly name: string;
  readonly anchors: readonly Anchor[];
  readonly leaves: LeafSource;
  readonly asker: SessionAsker;
  readonly authority: AuthorityWatch;
  readonly tally: Tally;
  readonly time: ScaledTime;
  /** Between two rounds over all anchors, of real time. */
  readonly pauseMs: number;
  readonly log: (line: string) => void;
}

/** Of real time: between two tries to get a leaf. */
const leastPauseMs = 250;

/** Renews when half to three quarters of its leaf's life are over, and all the time gets a session under every anchor. */
export async function runWorkload(options: WorkloadOptions, signal: AbortSignal): Promise<void> {
  const { anchors, asker, authority, tally, time, pauseMs } = options;
  // Not all at once.
  await pause(pauseMs * Math.random(), signal);
  const holder = new LeafHolder(options, signal);
  while (!signal.aborted) {
    const { leaf } = holder;
    if (leaf === undefined || leaf.notAfter <= time.now().getTime()) tally.withoutLeaf += 1;
    else {
      for (const anchor of anchors) {
        if (signal.aborted) break;
        // As of before it is asked for: a generation does not come back from there.
        const isRetired = authority
          .in("Retired", "Destroyed")
          .includes(authority.generationOf(leaf.rootFingerprint) ?? 0);
        tally.session(await asker.ask(options.name, anchor, leaf), isRetired);
      }
    }
    await pause(pauseMs * (0.75 + Math.random() / 2), signal);
  }
  await holder.settled;
}

/** Keeps a leaf, and renews it in time, whatever the sessions do. */
class LeafHolder {
  /** Resolves when the signal has aborted and nothing is under way. */
  readonly settled: Promise<void>;
  readonly #options: WorkloadOptions;
  readonly #share = 0.5 + Math.random() / 4;
  #leaf: HeldLeaf | undefined;

  constructor(options: WorkloadOptions, signal: AbortSignal) {
    this.#options = options;
    this.settled = this.#keep(signal);
  }

  /** The present one, which may have ended. */
  get leaf(): HeldLeaf | undefined {
    return this.#leaf;
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { time } = this.#options;
    while (!signal.aborted) {
      const leaf = await this.#renewed(signal);
      const renewAt = leaf === undefined ? 0 : leaf.notBefore + (leaf.notAfter - leaf.notBefore) * this.#share;
      await pause(Math.max(leastPauseMs, (renewAt - time.now().getTime()) / time.factor), signal);
    }
  }

  /** The new leaf, which is also kept; undefined when there is none. */
  async #renewed(signal: AbortSignal): Promise<HeldLeaf | undefined> {
    const { leaves, name, tally, log } = this.#options;
    const begun = performance.now();
    try {
      this.#leaf = await leaves.obtain(name, signal);
      tally.renewalsMs.push(performance.now() - begun);
      return this.#leaf;
    } catch (error) {
      if (signal.aborted) return undefined;
      tally.failedRenewals += 1;
      log(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
