import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "./clock.ts";
import type { KubeClient } from "./kube-client.ts";
import { type KubeObject, keyOf } from "./kube-object.ts";
import type { Logger } from "./logger.ts";
import { TokenBucket } from "./rate-limiter.ts";
import { objectPath, type ResourceType } from "./resource-type.ts";
import { formatMicroTime } from "./time-format.ts";

export const events: ResourceType = {
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};

export interface EventRecorderOptions {
  readonly client: KubeClient;
  /** Who says so, like "capstan.dev/issuer-controller". */
  readonly reportingController: string;
  /** Which replica; at most 128 characters are kept. */
  readonly reportingInstance: string;
  readonly log: Logger;
  readonly clock?: Clock;
}

export interface EventInput {
  /** The object that the event is about. */
  readonly regarding: KubeObject;
  readonly type: "Normal" | "Warning";
  /** CamelCase, part of the API: "Issued". */
  readonly reason: string;
  /** What was being done, CamelCase: "Sign". */
  readonly action: string;
  /** For people; over 1 kB it is cut. */
  readonly note: string;
}

interface Recorded {
  readonly namespace: string;
  readonly name: string;
  /** Whether the last write of it went through; the next one waits for it. */
  written: Promise<boolean>;
  count: number;
  lastAt: number;
}

// As client-go: what comes again within this time is the same event.
const seriesMs = 6 * 60_000;
const noteLimit = 1024;
const rememberedLimit = 4096;

/**
 * Writes events.k8s.io/v1 Events, as `kubectl describe` shows them. It returns at once and never throws: an event that cannot be written is
 * a line in the log, since nothing may depend on one. What repeats within six minutes is counted on the first event, written at the 2nd, 4th,
 * 8th … time. At most 25 at once and 5 a second are sent; more are dropped.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  readonly #recorded = new Map<string, Recorded>();
  readonly #pending = new Set<Promise<unknown>>();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#bucket = new TokenBucket({ perSecond: 5, burst: 25, clock: this.#clock });
  }

  record(event: EventInput): void {
    const { regarding, type, reason, action, note } = event;
    const identity = JSON.stringify([
      regarding.kind,
      regarding.metadata.uid ?? keyOf(regarding),
      type,
      reason,
      action,
      note,
    ]);
    const now = this.#clock.monotonic();
    const known = this.#recorded.get(identity);
    if (known === undefined || now - known.lastAt > seriesMs) {
      if (this.#mayWrite(event)) this.#remember(identity, this.#create(event, now));
      return;
    }
    known.count += 1;
    known.lastAt = now;
    const isPowerOfTwo = (known.count & (known.count - 1)) === 0;
    if (isPowerOfTwo && this.#mayWrite(event)) {
      known.written = this.#writeSeries(known, known.written, known.count);
      this.#track(known.written);
    }
  }

  /** Resolves when everything recorded so far was written or given up. */
  async flush(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #mayWrite(event: EventInput): boolean {
    const may = this.#bucket.tryTake();
    if (!may) this.#options.log.debug({ reason: event.reason }, "event dropped: too many");
    return may;
  }

  #create(event: EventInput, now: number): Recorded {
    const { regarding, type, reason, action, note } = event;
    const { metadata, apiVersion, kind } = regarding;
    const namespace = metadata.namespace ?? "default"; // where events of cluster-scoped objects belong
    const name = `${metadata.name.slice(0, 230)}.${randomBytes(8).toString("hex")}`;
    const { reportingController, reportingInstance, client } = this.#options;
    const body = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { namespace, name },
      eventTime: formatMicroTime(this.#clock.now()),
      reportingController,
      reportingInstance: reportingInstance.slice(0, 128),
      action,
      reason,
      type,
      regarding: {
        apiVersion,
        kind,
        name: metadata.name,
        namespace: metadata.namespace,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
      },
      note: shorten(note),
    };
    const written = this.#attempt(() => client.create<KubeObject>(events, body));
    this.#track(written);
    return { namespace, name, written, count: 1, lastAt: now };
  }

  async #writeSeries(recorded: Recorded, before: Promise<boolean>, count: number): Promise<boolean> {
    const series = { count, lastObservedTime: formatMicroTime(this.#clock.now()) };
    if (!(await before)) return false;
    return this.#attempt(() =>
      this.#options.client.request({
        method: "PATCH",
        path: objectPath(events, recorded),
        contentType: "application/merge-patch+json",
        body: { series },
      }),
    );
  }

  async #attempt(write: () => Promise<unknown>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (error) {
      this.#options.log.warn({ err: error }, "an event could not be written");
      return false;
    }
  }

  #remember(identity: string, recorded: Recorded): void {
    this.#recorded.delete(identity); // so that the map stays in order of age
    this.#recorded.set(identity, recorded);
    const [oldest] = this.#recorded.keys();
    if (this.#recorded.size > rememberedLimit && oldest !== undefined) this.#recorded.delete(oldest);
  }

  #track(work: Promise<unknown>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }
}

/** The API server counts bytes. */
function shorten(note: string): string {
  if (Buffer.byteLength(note) <= noteLimit) return note;
  const cut = Buffer.from(note).subarray(0, noteLimit - 4);
  return `${new TextDecoder().decode(cut).replace(/\uFFFD$/, "")}…`;
}
