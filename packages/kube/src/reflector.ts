import { Backoff } from "./backoff.ts";
import { type Clock, type Random, sleep, systemClock } from "./clock.ts";
import { IdleGuard } from "./idle-guard.ts";
import { Intake } from "./intake.ts";
import type { KubeClient } from "./kube-client.ts";
import { isExpired, KubeApiError, KubeConnectionError } from "./kube-error.ts";
import { keyOf, type KubeObject } from "./kube-object.ts";
import { longestLine, splitLines } from "./line-splitter.ts";
import type { Logger } from "./logger.ts";
import type { RuntimeMetrics } from "./metrics.ts";
import { type IndexFunction, ObjectStore, type ReadonlyStore } from "./object-store.ts";
import { collectionPath, resourceName, type ResourceType } from "./resource-type.ts";
import { parseWatchEvent } from "./watch-event.ts";

/**
 * What the store held before and holds now. Both are undefined for nothing; both are the same object on a resync; when their uids
 * differ, the object was deleted and another one of the same name created. States in between may never be seen.
 */
export interface ReflectorChange<T extends KubeObject> {
  readonly previous: T | undefined;
  readonly current: T | undefined;
}

/** May only take note, like adding a key to a queue. What it throws is logged and changes nothing. */
export type ReflectorListener<T extends KubeObject> = (key: string, change: ReflectorChange<T>) => void;

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly type: ResourceType;
  /** Leave out for all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /**
   * Says what `fieldSelector` says. A server that does not know its fields answers 400: then all objects are asked for, and those that this
   * refuses are left out. Each list tries the field selector first. Without this the 400 is logged, and tried again for ever.
   */
  readonly selects?: (object: T) => boolean;
  /**
   * Takes what nobody reads off an object before it enters the store, to save memory; listeners see the result. managedFields are always
   * taken off. It must leave metadata's namespace, name, uid and resourceVersion as they are.
   */
  readonly transform?: (object: T) => T;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** Names it in logs and metrics. Default: `plural.group`. */
  readonly name?: string;
  readonly log: Logger;
  readonly metrics?: RuntimeMetrics | undefined;
  readonly clock?: Clock;
  readonly jitter?: Random;
}

const largestPage = 500;
// Whoever may create objects says how large they are, up to etcd's 1.5 MiB each: 500 of those would take a page of 750 MiB. Parsed, a page
// takes up to ten times its bytes; 500 objects of 10 kB, usual for certificates and requests for them, fit.
const longestPage = 8 * 1024 * 1024;
const watchMinSeconds = 300;
const watchMaxSeconds = 600;
// How much longer than it was asked to a watch may stay silent before it counts as dead.
const idleGraceMs = 30_000;
const backoffSettings = { baseMs: 800, maxMs: 30_000, resetAfterMs: 120_000 };
const resyncMs = 10 * 3_600_000;
// A watch that ends sooner and brought nothing is a failure, or a broken proxy would be asked in a tight loop.
const shortWatchMs = 1_000;
// After so many unreadable streams from one resourceVersion, start over with a list.
const brokenStreamLimit = 2;

/**
 * Keeps a copy of all objects of a kind, by a list and then watches, and tells listeners which keys changed.
 *
 * It never gives up: every failure but the end of its signal is retried with backoff. What was missed while disconnected is found by
 * the watch, or after a 410 by a list that is compared with the store, vanished objects included. `store` is empty until the first
 * list is complete: work on it only once `synced`. Every ten hours or so all keys are told again.
 */
export class Reflector<T extends KubeObject> {
  readonly name: string;
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #jitter: Random;
  readonly #log: Logger;
  readonly #backoff: Backoff;
  readonly #intake: Intake<T>;
  readonly #store: ObjectStore<T>;
  readonly #listeners: ReflectorListener<T>[] = [];
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  #isStarted = false;
  #resourceVersion: string | undefined;
  #brokenStreams = 0;
  #pageLimit = largestPage;
  // Undefined when there is none, or the server does not know it.
  #fieldSelector: string | undefined;
  #lastActivity: number;

  constructor(options: ReflectorOptions<T>) {
    this.name = options.name ?? resourceName(options.type);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#jitter = options.jitter ?? Math.random;
    this.#log = options.log.child({ reflector: this.name });
    this.#backoff = new Backoff({ ...backoffSettings, clock: this.#clock, jitter: this.#jitter });
    this.#intake = new Intake({ selects: options.selects, transform: options.transform, log: this.#log });
    this.#store = new ObjectStore(options.indexes);
    this.#lastActivity = this.#clock.monotonic();
    options.metrics?.onScrape(() => {
      options.metrics?.reflectorActivity.set({ reflector: this.name }, this.lastActivityMs / 1000);
    });
  }

  get store(): ReadonlyStore<T> {
    return this.#store;
  }

  /** Whether the store has held a complete list. Never falls back. */
  get synced(): boolean {
    return this.#isSynced;
  }

  /** Milliseconds since the server last gave a sign of life: a list, an event, a bookmark or the start of a watch. */
  get lastActivityMs(): number {
    return this.#clock.monotonic() - this.#lastActivity;
  }

  /** Calls back with each key from now on; what is in the store already is told at once. */
  onChange(listener: ReflectorListener<T>): void {
    this.#listeners.push(listener);
    for (const object of this.#store.list())
      this.#tell([listener], keyOf(object), { previous: object, current: object });
  }

  /** Resolves once {@link synced}, or when the signal aborts. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    if (this.#isSynced || signal.aborted) return;
    const aborted = Promise.withResolvers<void>();
    const abort = (): void => {
      aborted.resolve();
    };
    signal.addEventListener("abort", abort, { once: true });
    await Promise.race([this.#synced.promise, aborted.promise]);
    signal.removeEventListener("abort", abort);
  }

  /** Works until the signal aborts, then resolves: no request of it is left and none follows. Never rejects. May be called once. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#isStarted) throw new Error(`reflector ${this.name} was already started`);
    this.#isStarted = true;
    const resync = this.#resyncUntil(signal);
    while (!signal.aborted) {
      try {
        this.#resourceVersion ??= await this.#listWithin(signal);
        if (!signal.aborted) await this.#watch(this.#resourceVersion, signal);
      } catch (error) {
        if (signal.aborted) break;
        await this.#recover(error, signal);
      }
    }
    await resync;
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (isExpired(error)) {
      this.#log.info("the resourceVersion has expired: listing anew");
      this.#resourceVersion = undefined;
    } else if (this.#mayBeUnknownField(error)) {
      this.#resourceVersion = undefined; // the server was replaced by an older one
    } else if (isUnreadable(error)) {
      this.#brokenStreams += 1;
      if (this.#brokenStreams >= brokenStreamLimit) this.#resourceVersion = undefined;
    }
    const asked = error instanceof KubeApiError ? (error.retryAfterMs ?? 0) : 0;
    const delayMs = Math.max(asked, this.#backoff.next());
    if (!isExpired(error)) this.#log.warn({ err: error, delayMs: Math.round(delayMs) }, "list or watch failed");
    await sleep(this.#clock, delayMs, signal);
  }

  /** Lists by the field selector or, where the server does not know it, without. */
  async #listWithin(signal: AbortSignal): Promise<string> {
    this.#fieldSelector = this.#options.fieldSelector;
    try {
      return await this.#list(signal);
    } catch (error) {
      if (signal.aborted || !this.#mayBeUnknownField(error)) throw error;
      this.#log.info({ err: error }, "the server refuses the field selector: reading all objects");
      this.#fieldSelector = undefined;
      return this.#list(signal);
    }
  }

  /** The API server names no reason of its own for it. */
  #mayBeUnknownField(error: unknown): boolean {
    const canDoWithout = this.#fieldSelector !== undefined && this.#options.selects !== undefined;
    return canDoWithout && error instanceof KubeApiError && error.code === 400;
  }

  /** Reads every page, then changes the store in one go. Returns the list's resourceVersion. */
  async #list(signal: AbortSignal): Promise<string> {
    const { client, type, namespace, labelSelector } = this.#options;
    const selection = { namespace, labelSelector, fieldSelector: this.#fieldSelector, signal };
    const fresh = new Map<string, T>();
    let token: string | undefined;
    let resourceVersion: string;
    do {
      const page = await this.#page((size) => client.list<T>(type, { ...selection, ...size, continue: token }));
      for (const item of page.items) {
        if (this.#intake.selects(item)) fresh.set(keyOf(item), this.#intake.keep(item));
      }
      this.#touch();
      resourceVersion = page.resourceVersion;
      token = page.continue;
    } while (token !== undefined);
    signal.throwIfAborted();
    this.#replaceAll(fresh);
    this.#brokenStreams = 0;
    if (!this.#isSynced) {
      this.#isSynced = true;
      this.#synced.resolve();
    }
    return resourceVersion;
  }

  /**
   * Asks for a page of fewer objects at once while it is too long, and the next time when it came too late. What was taken in lets the next page
   * have twice as many. A single object may be as long as an event.
   */
  async #page<P>(list: (size: { readonly limit: number; readonly maxBytes: number }) => Promise<P>): Promise<P> {
    for (;;) {
      const limit = this.#pageLimit;
      try {
        const page = await list({ limit, maxBytes: limit === 1 ? longestLine : longestPage });
        this.#pageLimit = Math.min(largestPage, limit * 2);
        return page;
      } catch (error) {
        const code = error instanceof KubeConnectionError ? error.code : undefined;
        if (code === "ERR_KUBE_ANSWER_SIZE" || code === "ERR_KUBE_TIMEOUT") {
          this.#pageLimit = Math.max(1, Math.floor(limit / 4));
        }
        if (code !== "ERR_KUBE_ANSWER_SIZE" || limit === 1) throw error;
      }
    }
  }

  #replaceAll(fresh: ReadonlyMap<string, T>): void {
    const changes: [key: string, change: ReflectorChange<T>][] = [];
    for (const key of this.#store.keys()) {
      if (!fresh.has(key)) changes.push([key, { previous: this.#store.delete(key), current: undefined }]);
    }
    for (const [key, current] of fresh) {
      const previous = this.#store.get(key);
      if (previous !== undefined && isSameState(previous, current)) continue;
      changes.push([key, { previous: this.#store.set(current), current }]);
    }
    for (const [key, change] of changes) this.#tell(this.#listeners, key, change);
  }

  /** Returns when the server ends the watch in good order; everything else is thrown. */
  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { client, type, namespace, labelSelector } = this.#options;
    const span = watchMaxSeconds - watchMinSeconds;
    const timeoutSeconds = Math.round(watchMinSeconds + this.#jitter() * span);
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      timeoutSeconds,
      labelSelector,
      fieldSelector: this.#fieldSelector,
    };
    const idle = new IdleGuard(this.#clock, timeoutSeconds * 1000 + idleGraceMs, signal);
    const startedAt = this.#clock.monotonic();
    let hasEvents = false;
    try {
      const chunks = await client.stream({ path: collectionPath(type, namespace), query, signal: idle.signal });
      this.#touch();
      for await (const line of splitLines(idle.watch(chunks))) {
        if (signal.aborted) return;
        this.#receive(line);
        hasEvents = true;
      }
    } finally {
      idle.end();
    }
    if (!hasEvents && this.#clock.monotonic() - startedAt < shortWatchMs) {
      throw new KubeConnectionError("ERR_KUBE_CONNECTION", "the watch ended at once");
    }
  }

  #receive(line: string): void {
    const event = parseWatchEvent<T>(line);
    this.#touch();
    this.#brokenStreams = 0;
    this.#resourceVersion = event.resourceVersion;
    if (event.type === "BOOKMARK") return;
    const key = keyOf(event.object);
    if (event.type !== "DELETED" && this.#intake.selects(event.object)) {
      const current = this.#intake.keep(event.object);
      this.#tell(this.#listeners, key, { previous: this.#store.set(current), current });
      return;
    }
    const previous = this.#store.delete(key);
    // Also what is selected no more; what never was is nobody's business.
    if (previous !== undefined || this.#intake.selects(event.object)) {
      this.#tell(this.#listeners, key, { previous, current: undefined });
    }
  }

  #tell(listeners: readonly ReflectorListener<T>[], key: string, change: ReflectorChange<T>): void {
    for (const listener of listeners) {
      try {
        listener(key, change);
      } catch (error) {
        this.#log.error({ err: error }, "a listener failed");
      }
    }
  }

  async #resyncUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#clock, resyncMs * (0.9 + 0.2 * this.#jitter()), signal);
      if (signal.aborted) return;
      for (const object of this.#store.list()) {
        this.#tell(this.#listeners, keyOf(object), { previous: object, current: object });
      }
    }
  }

  #touch(): void {
    this.#lastActivity = this.#clock.monotonic();
  }
}

function isSameState(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.resourceVersion === b.metadata.resourceVersion && a.metadata.uid === b.metadata.uid;
}

/** The server answered, but with something that will be the same when asked again from the same resourceVersion. */
function isUnreadable(error: unknown): boolean {
  if (error instanceof KubeConnectionError) return error.code === "ERR_KUBE_PROTOCOL";
  return error instanceof KubeApiError && error.request === "WATCH";
}
