const firstDelayMs = 1_000;
const longestDelayMs = 60_000;

export interface AttemptsOptions {
  /** How long failing attempts go on, in milliseconds from the first of them. 0: for ever. */
  readonly limitMs: number;
  /** Milliseconds since some fixed moment; never jumps. Default: performance.now. */
  readonly monotonic?: () => number;
  /** In [0, 1). Default: Math.random. */
  readonly random?: () => number;
}

interface Failures {
  count: number;
  /** When the first failure that counts against the limit was. */
  since: number | undefined;
}

/**
 * When a request whose signing failed is tried again: after 1 s, doubled each time up to 60 s, each between half and the
 * whole of that so that requests that failed together do not come together.
 *
 * The limit counts from the first failure that this process saw while the issuer was Ready, not from the request's
 * creation: after an outage of hours the first new failure is not the last one. A restart begins anew, since giving up
 * too early costs the requester an hour.
 */
export class Attempts {
  readonly #limitMs: number;
  readonly #monotonic: () => number;
  readonly #random: () => number;
  readonly #failures = new Map<string, Failures>();

  constructor(options: AttemptsOptions) {
    this.#limitMs = options.limitMs;
    this.#monotonic = options.monotonic ?? (() => performance.now());
    this.#random = options.random ?? Math.random;
  }

  /**
   * Counts a failure. Milliseconds until the next attempt, or "give up" when the limit has passed; a patient failure
   * never ends the attempts, and what time goes by with it does not count.
   */
  fail(
    key: string,
    options: {
      readonly isPatient: boolean;
      /** No sooner than in so many milliseconds. Default: 0. */
      readonly leastMs?: number;
      /** Instead of the limit of all. */
      readonly limitMs?: number | undefined;
    },
  ): number | "give up" {
    const { isPatient, leastMs = 0, limitMs = this.#limitMs } = options;
    const now = this.#monotonic();
    const failures = this.#failures.get(key) ?? { count: 0, since: undefined };
    this.#failures.set(key, failures);
    failures.since = isPatient ? undefined : (failures.since ?? now);
    if (limitMs > 0 && failures.since !== undefined && now - failures.since >= limitMs) return "give up";
    const ceiling = Math.min(longestDelayMs, firstDelayMs * 2 ** failures.count);
    failures.count += 1;
    return Math.max(leastMs, Math.round(ceiling * (0.5 + 0.5 * this.#random())));
  }

  /** The series of failures is over: signed, gone, or the issuer has to become Ready first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }
}
