import type { Clock } from "./clock.ts";

/**
 * Runs calls one after another in the order in which they came, each beginning at least `intervalMs` after the one
 * before has *ended*. AWS counts a call when it arrives there, which is before its answer is here: measured from the
 * answer, no network jitter brings two calls closer together than the quota allows. As a second gain, a later write of
 * a bucket cannot overtake an earlier one.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #freeAtMs = Number.NEGATIVE_INFINITY;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** Rejects with the signal's reason, at once and without using up a turn, when it aborts before the call began. */
  run<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = this.#last.then(async () => {
      await this.#untilFree(signal);
      try {
        return await call();
      } finally {
        this.#freeAtMs = this.#clock.now() + this.#intervalMs;
      }
    });
    this.#last = turn.catch(() => undefined);
    return signal === undefined ? turn : untilAborted(turn, signal);
  }

  async #untilFree(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    // Again and again, since timers may fire a millisecond early.
    for (let waitMs = this.#waitMs(); waitMs > 0; waitMs = this.#waitMs()) await this.#clock.sleep(waitMs, signal);
  }

  #waitMs(): number {
    return this.#freeAtMs - this.#clock.now();
  }
}

/** The promise, or a rejection with the signal's reason as soon as that aborts. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * The rates that AWS counts, each over all operations on its kind of resource.
 * @see https://docs.aws.amazon.com/rolesanywhere/latest/userguide/quotas.html
 */
export interface Pacers {
  readonly trustAnchors: Pacer;
  readonly crls: Pacer;
  readonly sessions: Pacer;
}

/** One call a second, and ten sessions. AWS documents no burst. */
const newPacers = (clock: Clock): Pacers => ({
  trustAnchors: new Pacer(clock, 1_000),
  crls: new Pacer(clock, 1_000),
  sessions: new Pacer(clock, 100),
});

/** Pacers by region and endpoint. */
type Places = Map<string, Pacers>;

const shared = new WeakMap<
  Clock,
  { readonly accounts: Map<string, Places>; readonly sources: WeakMap<object, Places> }
>();

/**
 * The quota belongs to the account and region, not to an object of ours, so everything in this process that calls for the same owner,
 * by the same clock and to the same region and endpoint, shares its pacers.
 *
 * @param options.owner the account, or the credential source where the account is not known
 */
export function sharedPacers(options: {
  readonly clock: Clock;
  readonly owner: string | object;
  readonly region: string;
  readonly endpoint: string;
}): Pacers {
  const { clock, owner, region, endpoint } = options;
  const { accounts, sources } = shared.get(clock) ?? { accounts: new Map(), sources: new WeakMap() };
  shared.set(clock, { accounts, sources });
  const places: Places = (typeof owner === "string" ? accounts.get(owner) : sources.get(owner)) ?? new Map();
  if (typeof owner === "string") accounts.set(owner, places);
  else sources.set(owner, places);
  const place = `${region} ${endpoint}`;
  const pacers = places.get(place) ?? newPacers(clock);
  places.set(place, pacers);
  return pacers;
}
