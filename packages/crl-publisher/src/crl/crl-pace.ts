import { type Clock, systemClock } from "@capstan/kube";

/**
 * How long revocations are collected into one CRL. AWS takes one call a second for CRLs of all anchors of an account and
 * region, so a CRL for each of a thousand revocations would take hours.
 */
export interface CrlPaceSettings {
  /** A CRL is made when no further revocation came for so long. */
  readonly quietMs: number;
  /** And at the latest so long after the first, however many keep coming. */
  readonly longestMs: number;
  /** But so long after the first while more are known to come. */
  readonly longestBusyMs: number;
  /** Least time from one CRL of a generation to its next. */
  readonly spacingMs: number;
}

export const crlPaceSettings: CrlPaceSettings = {
  quietMs: 500,
  longestMs: 5_000,
  longestBusyMs: 30_000,
  spacingMs: 5_000,
};

interface Collecting {
  firstAt: number;
  lastAt: number;
  /** How often something was noticed since the last CRL. */
  count: number;
  /** Undefined once it has rung. */
  cancelTimer: (() => void) | undefined;
}

/**
 * Decides when a generation's next CRL is made, and wakes its authority then. What is being collected is forgotten with
 * the process: whoever starts looks at every authority anyway, and finds what no CRL names yet.
 */
export class CrlPace {
  readonly #wake: (authority: string) => void;
  readonly #clock: Clock;
  readonly #settings: CrlPaceSettings;
  readonly #isBusy: () => boolean;
  readonly #collecting = new Map<string, Collecting>();
  readonly #publishedAt = new Map<string, number>();

  constructor(options: {
    readonly wake: (authority: string) => void;
    readonly clock?: Clock;
    readonly settings?: CrlPaceSettings;
    /** Whether there are revocations that nobody has looked at yet. Default: never. */
    readonly isBusy?: () => boolean;
  }) {
    this.#wake = options.wake;
    this.#clock = options.clock ?? systemClock;
    this.#settings = options.settings ?? crlPaceSettings;
    this.#isBusy = options.isBusy ?? (() => false);
  }

  /** Something was revoked that no CRL names yet. */
  noticed(authority: string, generation: number): void {
    const id = idOf(authority, generation);
    const now = this.#clock.monotonic();
    const known = this.#collecting.get(id);
    const collecting = known ?? { firstAt: now, lastAt: now, count: 0, cancelTimer: undefined };
    collecting.lastAt = now;
    collecting.count += 1;
    this.#collecting.set(id, collecting);
    this.#ringLater(authority, id, collecting);
  }

  /** How often something was noticed since the last CRL: to be asked when the ledger is read, and given back with what came of it. */
  noticings(authority: string, generation: number): number {
    return this.#collecting.get(idOf(authority, generation))?.count ?? 0;
  }

  /** Milliseconds until the next CRL of a generation may be made; 0 is now. Whoever has to wait is woken then. */
  waitMs(authority: string, generation: number): number {
    const id = idOf(authority, generation);
    const collecting = this.#collecting.get(id);
    if (collecting === undefined) {
      this.noticed(authority, generation);
      return this.waitMs(authority, generation);
    }
    const waitMs = this.#waitMsOf(id, collecting);
    if (waitMs > 0) this.#ringLater(authority, id, collecting);
    return waitMs;
  }

  /** A CRL was made of what the ledger said when there had been so many noticings. */
  published(authority: string, generation: number, noticings: number): void {
    this.#publishedAt.set(idOf(authority, generation), this.#clock.monotonic());
    this.nothingNew(authority, generation, noticings);
  }

  /** The published CRL names all that the ledger said when there had been so many noticings. What came since stays to be collected. */
  nothingNew(authority: string, generation: number, noticings: number): void {
    const id = idOf(authority, generation);
    const collecting = this.#collecting.get(id);
    if (collecting === undefined) return;
    if (collecting.count > noticings) {
      collecting.count -= noticings;
      collecting.firstAt = collecting.lastAt;
      this.#ringLater(authority, id, collecting);
      return;
    }
    collecting.cancelTimer?.();
    this.#collecting.delete(id);
  }

  #waitMsOf(id: string, { firstAt, lastAt }: Collecting): number {
    const { quietMs, longestMs, longestBusyMs, spacingMs } = this.#settings;
    const last = this.#publishedAt.get(id);
    // What is known to come counts as if it came now.
    const collected = this.#isBusy()
      ? Math.min(this.#clock.monotonic() + quietMs, firstAt + longestBusyMs)
      : Math.min(lastAt + quietMs, firstAt + longestMs);
    const due = Math.max(collected, last === undefined ? Number.NEGATIVE_INFINITY : last + spacingMs);
    return Math.max(0, due - this.#clock.monotonic());
  }

  /** A timer that is set looks again when it rings: thousands of changes need no thousands of timers. */
  #ringLater(authority: string, id: string, collecting: Collecting): void {
    if (collecting.cancelTimer !== undefined) return;
    const waitMs = this.#waitMsOf(id, collecting);
    collecting.cancelTimer = this.#clock.setTimer(
      () => {
        collecting.cancelTimer = undefined;
        if (this.#waitMsOf(id, collecting) > 0) this.#ringLater(authority, id, collecting);
        else this.#wake(authority);
      },
      // A timer may ring a fraction early.
      Math.ceil(waitMs),
    );
  }
}

function idOf(authority: string, generation: number): string {
  return `${authority}/${generation}`;
}
