import type { IssuedCertificate, Revocation } from "@capstan/api";
import type { Clock, TokenBucket } from "@capstan/kube";
import { replaceLeaf, type ReplaceLeafOptions } from "./replace-leaf.ts";

/** Beginnings a second: a thousand renewals or restarts at once would be an outage of their own. */
export const reissuePace = { perSecond: 2, burst: 5 } as const;

/** What was begun is looked at again after so long: there may be hundreds. */
const pollMs = 30_000;

export interface ReissueRoundOptions extends ReplaceLeafOptions {
  readonly clock: Clock;
  readonly pace: TokenBucket;
  /** Decides whether a Certificate's next leaf may have the same key. */
  readonly reason: Revocation["spec"]["reason"];
  /** Who wants it, for the condition that cert-manager sees. */
  readonly asker: string;
}

/** The re-issue of many leaves. It is in memory alone: what holds the leaves says how far it has come. */
export class ReissueRound {
  readonly #options: ReissueRoundOptions;
  /** By record; when to look at each, on the monotonic clock. */
  readonly #waiting = new Map<string, { readonly record: IssuedCertificate; lookAt: number }>();
  readonly #added = new Set<string>();
  readonly #impossible: string[] = [];
  #replaced = 0;

  constructor(options: ReissueRoundOptions) {
    this.#options = options;
  }

  /** How many leaves it was ever told of. */
  get leaves(): number {
    return this.#added.size;
  }

  get replaced(): number {
    return this.#replaced;
  }

  /** Why leaves cannot be replaced by anything but a person, each with its namespace. */
  get impossible(): readonly string[] {
    return this.#impossible;
  }

  /** Has the leaf of a record replaced when its turn comes; nothing when it is known already. */
  add(record: IssuedCertificate): void {
    const { name } = record.metadata;
    if (this.#added.has(name)) return;
    this.#added.add(name);
    const { clock, pace } = this.#options;
    // Of its bytes most are the certificate.
    const kept = { ...record, spec: { ...record.spec, certificate: "" } };
    this.#waiting.set(name, { record: kept, lookAt: clock.monotonic() + pace.reserve() });
  }

  /**
   * Takes the next step with each leaf whose turn it is.
   *
   * @returns milliseconds until the next turn; undefined when everything was replaced that can be
   */
  async advance(signal: AbortSignal): Promise<number | undefined> {
    const { clock, reason, asker } = this.#options;
    for (const [name, entry] of this.#waiting) {
      if (entry.lookAt > clock.monotonic()) continue;
      const { state, message } = await replaceLeaf(this.#options, { record: entry.record, reason, asker }, signal);
      if (state === "Done" || state === "Impossible") this.#waiting.delete(name);
      else entry.lookAt = clock.monotonic() + pollMs;
      if (state === "Done") this.#replaced += 1;
      if (state === "Impossible") this.#impossible.push(`${entry.record.spec.requestNamespace ?? ""}: ${message}`);
    }
    if (this.#waiting.size === 0) return undefined;
    const next = Math.min(...[...this.#waiting.values()].map(({ lookAt }) => lookAt));
    return Math.max(0, next - clock.monotonic());
  }
}
