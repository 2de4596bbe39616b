import type { IssuedCertificate, Revocation } from "@capstan/api";
import { type Clock, isConflict, type Logger, type TokenBucket } from "@capstan/kube";
import { hasEnded } from "./decide-reissue.ts";
import { replaceLeaf, type ReplaceLeafOptions, type Told } from "./replace-leaf.ts";

/** Beginnings a second: a thousand renewals or restarts at once would be an outage of their own. */
export const reissuePace = { perSecond: 2, burst: 5 } as const;

/** What was begun is looked at again after so long: there may be hundreds. */
const pollMs = 30_000;
/** A leaf that failed is tried again after so long, twice as long each time. */
const firstRetryMs = 5_000;
const longestRetryMs = 600_000;

export interface ReissueRoundOptions extends ReplaceLeafOptions {
  readonly clock: Clock;
  readonly pace: TokenBucket;
  /** Decides whether a Certificate's next leaf may have the same key. */
  readonly reason: Revocation["spec"]["reason"];
  /** Who wants it, for the condition that cert-manager sees. */
  readonly asker: string;
  readonly log: Logger;
}

interface Entry {
  readonly record: IssuedCertificate;
  /** On the monotonic clock. */
  lookAt: number;
  /** In a row. */
  failures: number;
  /** What is in its way. */
  obstacle: string | undefined;
}

/** The re-issue of many leaves. It is in memory alone: what holds the leaves says how far it has come. */
export class ReissueRound {
  readonly #options: ReissueRoundOptions;
  /** By record, until it is replaced or needs a person. */
  readonly #waiting = new Map<string, Entry>();
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

  /** What is in the way of leaves that are tried again, each with its namespace. */
  get obstacles(): readonly string[] {
    return [...this.#waiting.values()].flatMap(({ record, obstacle }) =>
      obstacle === undefined ? [] : [inNamespace(record, obstacle)],
    );
  }

  /** Whether nothing is left but what has something in its way. */
  get isStuck(): boolean {
    return this.#waiting.size > 0 && [...this.#waiting.values()].every(({ obstacle }) => obstacle !== undefined);
  }

  /** Has the leaf of a record replaced when its turn comes; nothing when it is known already. */
  add(record: IssuedCertificate): void {
    const { name } = record.metadata;
    if (this.#added.has(name)) return;
    this.#added.add(name);
    const { clock, pace } = this.#options;
    // Of its bytes most are the certificate.
    const kept = { ...record, spec: { ...record.spec, certificate: "" } };
    const lookAt = clock.monotonic() + pace.reserve();
    this.#waiting.set(name, { record: kept, lookAt, failures: 0, obstacle: undefined });
  }

  /**
   * Takes the next step with each leaf whose turn it is.
   *
   * @returns milliseconds until the next turn; undefined when everything was replaced that can be
   */
  async advance(signal: AbortSignal): Promise<number | undefined> {
    const { clock } = this.#options;
    for (const [name, entry] of this.#waiting) {
      if (entry.lookAt > clock.monotonic()) continue;
      const { state, message, againMs = 0 } = await this.#look(entry, signal);
      if (state === "Done" || state === "Impossible") this.#waiting.delete(name);
      else entry.lookAt = clock.monotonic() + (entry.failures > 0 ? againMs : pollMs);
      entry.obstacle = state === "Waiting" ? message : undefined;
      if (state === "Done") this.#replaced += 1;
      if (state === "Impossible") this.#impossible.push(inNamespace(entry.record, message));
    }
    if (this.#waiting.size === 0) return undefined;
    let next = Number.POSITIVE_INFINITY;
    for (const { lookAt } of this.#waiting.values()) next = Math.min(next, lookAt);
    return Math.max(0, next - clock.monotonic());
  }

  /** What is wrong with one leaf must not hold up those behind it: what is in its record a tenant may have written. */
  async #look(entry: Entry, signal: AbortSignal): Promise<Told> {
    const { reason, asker } = this.#options;
    const { record } = entry;
    try {
      const told = await replaceLeaf(this.#options, { record, reason, asker }, signal);
      entry.failures = 0;
      return told;
    } catch (error) {
      if (signal.aborted) throw error;
      entry.failures += 1;
      return this.#afterFailure(entry, error);
    }
  }

  #afterFailure({ record, failures }: Entry, error: unknown): Told {
    const { log, now } = this.#options;
    if (hasEnded(record, now().getTime())) return { do: "tell", state: "Done", message: "the leaf has ended" };
    const againMs = Math.min(longestRetryMs, firstRetryMs * 2 ** (failures - 1));
    const { serial, requestNamespace } = record.spec;
    const fields = { err: error, record: record.metadata.name, namespace: requestNamespace, serial, failures, againMs };
    if (isConflict(error)) log.info(fields, "what holds a leaf changed meanwhile: looking again");
    else log.error(fields, "could not replace a leaf: trying again");
    const why = error instanceof Error ? error.message : "unknown failure";
    return { do: "tell", state: "Waiting", message: `could not be replaced: ${why}`, againMs };
  }
}

function inNamespace({ spec }: IssuedCertificate, message: string): string {
  return `${spec.requestNamespace ?? ""}: ${message}`;
}

/** What people are told of the leaves that are not replaced, with an example of each kind. */
export function describeRest({ impossible, obstacles }: ReissueRound): string {
  const part = (all: readonly string[], what: string): string =>
    all[0] === undefined ? "" : `; ${all.length} ${what}, one of them in namespace ${all[0]}`;
  return `${part(impossible, "need a person")}${part(obstacles, "wait")}`;
}
