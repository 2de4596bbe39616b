import type { ServerDate } from "./call.ts";

/** Signatures are good for five minutes either way; this is well within, and wide enough for a slow answer. */
const toleranceMs = 4 * 60_000;

/** Our own clock, put right by AWS's where it is so far off that AWS would refuse what it signs. */
export class ServerClock {
  readonly #now: () => Date;
  #offsetMs = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** The time to sign by. */
  now(): Date {
    return new Date(this.#now().getTime() + this.#offsetMs);
  }

  read({ at, received }: ServerDate): void {
    if (Math.abs(at - received - this.#offsetMs) > toleranceMs) this.#offsetMs = at - received;
  }
}
