/** What time it is for AWS: the Date header of its last answer, and what has passed since then. */
export class AwsClock {
  readonly #monotonic: () => number;
  #heard: { readonly date: number; readonly at: number } | undefined;

  /** @param monotonic milliseconds since some fixed moment, so that a jump of our own clock is not taken over */
  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic;
  }

  /** @param date milliseconds since 1970 */
  heard(date: number): void {
    if (!Number.isNaN(date)) this.#heard = { date, at: this.#monotonic() };
  }

  /** Milliseconds since 1970; undefined when AWS has not answered for `maxAgeMs`. */
  now(maxAgeMs: number): number | undefined {
    if (this.#heard === undefined) return undefined;
    const ageMs = this.#monotonic() - this.#heard.at;
    return ageMs <= maxAgeMs ? this.#heard.date + ageMs : undefined;
  }
}
