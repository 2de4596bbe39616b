import type { IssuedCertificate, Revocation } from "@capstan/api";
import { type Clock, FairKeys, isConflict, type Logger, TokenBucket } from "@capstan/kube";
import { hasEnded } from "./decide-reissue.ts";
import { replaceLeaf, type ReplaceLeafOptions, type Told } from "./replace-leaf.ts";

/** Beginnings a second: a thousand renewals or restarts at once would be an outage of their own. */
const beginnings = { perSecond: 2, burst: 5 } as const;
/** Looks a second at what holds leaves: what was begun is looked at every few seconds, and there may be thousands. */
const looks = { perSecond: 50, burst: 50 } as const;
/** Long enough for the next beginning, and for looks to be worth a pass. */
const nextTurnMs = 1_000 / beginnings.perSecond;
const longestPassMs = 1_000;

/** A leaf that failed is tried again after so long, twice as long each time. */
const firstRetryMs = 5_000;
/** No leaf is left alone for longer, whatever is awaited. */
const longestPauseMs = 600_000;

/** Who wants leaves replaced, and is told how that goes. */
export interface ReplacementOrder {
  /** Decides whether a Certificate's next leaf may have the same key. */
  readonly reason: Revocation["spec"]["reason"];
  /** For the condition that cert-manager sees. */
  readonly asker: string;
  /** Whether those who run the cluster have ordered it, and no tenant. */
  readonly isAdministrators: boolean;
  /** After each look at a leaf; the last time with Done or Impossible. */
  told(record: IssuedCertificate, told: Told): void;
}

export interface LeafReplacementsOptions extends ReplaceLeafOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** There is work. */
  readonly onWanted: () => void;
}

interface Entry {
  readonly record: IssuedCertificate;
  readonly orders: Set<ReplacementOrder>;
  /** The key by which it waits in a queue. */
  queued: string | undefined;
  /** What the last look said. */
  last: Told | undefined;
  /** In a row. */
  failures: number;
}

/**
 * All leaves that anybody wants replaced, each once, however many want it. They begin no faster than two a second: the
 * orders of administrators and those of tenants take turns, and the leaves' namespaces within them, so that nobody waits for
 * the many leaves of another. Only what is begun takes of that pace; a look that finds a leaf replaced, or on its way, does
 * not. It is in memory alone: what holds the leaves says how far it has come.
 */
export class LeafReplacements {
  readonly #options: LeafReplacementsOptions;
  readonly #beginnings: TokenBucket;
  readonly #looks: TokenBucket;
  /** By record, until it is replaced or needs a person. */
  readonly #entries = new Map<string, Entry>();
  /** Those that are likely to begin something when it is their turn. */
  readonly #turns = new FairKeys();
  /** Those that were begun. */
  readonly #checks = new FairKeys();
  /** When to look again, by record, on the monotonic clock. */
  readonly #later = new Map<string, number>();
  /** The earliest of them, or earlier. */
  #laterAt = Number.POSITIVE_INFINITY;
  /** Taken from the pace, and not used: what the last turn came to began nothing. */
  #hasTurn = false;

  constructor(options: LeafReplacementsOptions) {
    this.#options = options;
    this.#beginnings = new TokenBucket({ ...beginnings, clock: options.clock });
    this.#looks = new TokenBucket({ ...looks, clock: options.clock });
  }

  /** Has the leaf of a record replaced when its turn comes. */
  want(record: IssuedCertificate, order: ReplacementOrder): void {
    const { name } = record.metadata;
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      const first: Entry = { record, orders: new Set([order]), queued: undefined, last: undefined, failures: 0 };
      this.#entries.set(name, first);
      this.#queue(first);
    } else if (!entry.orders.has(order)) {
      entry.orders.add(order);
      if (entry.last !== undefined) order.told(record, entry.last);
      // An administrator does not wait for the turns of the tenant who wanted it before.
      if (entry.queued !== undefined) this.#queue(entry);
    }
    this.#options.onWanted();
  }

  /** Nothing more is done for an order with the leaves of these records. */
  withdraw(names: Iterable<string>, order: ReplacementOrder): void {
    for (const name of names) {
      const entry = this.#entries.get(name);
      entry?.orders.delete(order);
      if (entry?.orders.size === 0) this.#forget(name);
    }
  }

  /**
   * Takes the next step with each leaf whose turn it is. Not to be called again before it is through.
   *
   * @returns milliseconds until there is more to do; undefined when nothing is left
   */
  async work(signal: AbortSignal): Promise<number | undefined> {
    const { clock } = this.#options;
    const until = clock.monotonic() + longestPassMs;
    while (clock.monotonic() < until) {
      this.#queueWhatIsDue();
      // One of each kind in turn: neither may hold up the other.
      const steps = [await this.#step(this.#turns, signal), await this.#step(this.#checks, signal)];
      if (!steps.includes(true)) break;
    }
    if (this.#turns.size + this.#checks.size > 0) return nextTurnMs;
    return this.#later.size === 0 ? undefined : Math.max(0, this.#laterAt - clock.monotonic());
  }

  /** Looks at the next of a queue and begins what it needs; false when it has none, or none may come now. */
  async #step(queue: FairKeys, signal: AbortSignal): Promise<boolean> {
    if (queue.size === 0) return false;
    if (queue === this.#turns) {
      this.#hasTurn ||= this.#beginnings.tryTake();
      if (!this.#hasTurn) return false;
    }
    if (!this.#looks.tryTake()) return false;
    const entry = this.#take(queue);
    if (entry !== undefined) await this.#look(entry, signal);
    return entry !== undefined;
  }

  #take(queue: FairKeys): Entry | undefined {
    for (let key = queue.shift(); key !== undefined; key = queue.shift()) {
      const entry = this.#entries.get(nameOf(key));
      // Otherwise nobody wants it any more, or it has got a better place.
      if (entry?.queued !== key) continue;
      entry.queued = undefined;
      return entry;
    }
    return undefined;
  }

  async #look(entry: Entry, signal: AbortSignal): Promise<void> {
    const { name } = entry.record.metadata;
    const told = await this.#replace(entry, signal);
    // Withdrawn meanwhile.
    if (this.#entries.get(name) !== entry) return;
    if (told === undefined) {
      entry.last = undefined;
      this.#queue(entry);
      return;
    }
    entry.last = told;
    if (told.state === "Done" || told.state === "Impossible") this.#forget(name);
    else this.#lookLater(name, Math.min(longestPauseMs, told.againMs ?? firstRetryMs));
    for (const order of entry.orders) order.told(entry.record, told);
  }

  /** What is wrong with one leaf must not hold up those behind it: what is in its record a tenant may have written. */
  async #replace(entry: Entry, signal: AbortSignal): Promise<Told | undefined> {
    const { record } = entry;
    if (hasEnded(record, this.#options.now().getTime())) {
      return { do: "tell", state: "Done", message: "the leaf has expired" };
    }
    const orders = [...entry.orders];
    const order = orders.find(({ reason }) => reason === "keyCompromise") ?? orders[0];
    const { reason = "superseded", asker = "" } = order ?? {};
    try {
      const told = await replaceLeaf(
        this.#options,
        { record, reason, asker, mayBegin: () => this.#mayBegin() },
        signal,
      );
      entry.failures = 0;
      return told;
    } catch (error) {
      if (signal.aborted) throw error;
      entry.failures += 1;
      return this.#afterFailure(entry, error);
    }
  }

  #mayBegin(): boolean {
    if (!this.#hasTurn) return this.#beginnings.tryTake();
    this.#hasTurn = false;
    return true;
  }

  /** What is told of it; nothing when somebody else was faster, for the first time. */
  #afterFailure({ record, failures }: Entry, error: unknown): Told | undefined {
    const againMs = Math.min(longestPauseMs, firstRetryMs * 2 ** (failures - 1));
    const { serial, requestNamespace } = record.spec;
    const fields = { err: error, record: record.metadata.name, namespace: requestNamespace, serial, failures, againMs };
    const { log } = this.#options;
    if (isConflict(error) && failures === 1) {
      log.info(fields, "what holds a leaf changed meanwhile: looking again");
      return undefined;
    }
    log.error(fields, "could not replace a leaf: trying again");
    const why = error instanceof Error ? error.message : "unknown failure";
    return { do: "tell", state: "Waiting", message: `could not be replaced: ${why}`, againMs };
  }

  #queue(entry: Entry): void {
    const { metadata, spec } = entry.record;
    const rank = [...entry.orders].some(({ isAdministrators }) => isAdministrators) ? "administrators" : "tenants";
    const key = keyOf(rank, metadata.name);
    if (entry.queued === key) return;
    entry.queued = key;
    const queue = entry.last?.state === "Requested" ? this.#checks : this.#turns;
    queue.push(key, [rank, spec.requestNamespace ?? ""]);
  }

  #lookLater(name: string, ms: number): void {
    const at = this.#options.clock.monotonic() + ms;
    this.#later.set(name, at);
    this.#laterAt = Math.min(this.#laterAt, at);
  }

  #queueWhatIsDue(): void {
    const now = this.#options.clock.monotonic();
    if (this.#laterAt > now) return;
    this.#laterAt = Number.POSITIVE_INFINITY;
    for (const [name, at] of this.#later) {
      if (at > now) {
        this.#laterAt = Math.min(this.#laterAt, at);
        continue;
      }
      this.#later.delete(name);
      const entry = this.#entries.get(name);
      if (entry !== undefined) this.#queue(entry);
    }
  }

  #forget(name: string): void {
    this.#entries.delete(name);
    this.#later.delete(name);
  }
}

/** An entry's key differs with its rank, so that the one that it had before says nothing any more. */
function keyOf(rank: string, name: string): string {
  return `${rank}/${name}`;
}

function nameOf(key: string): string {
  return key.slice(key.indexOf("/") + 1);
}
