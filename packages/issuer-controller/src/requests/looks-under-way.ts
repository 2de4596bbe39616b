/** Looks at requests that have begun and not ended: each may be about to release a leaf by what it saw when it began. */
export class LooksUnderWay {
  readonly #looks = new Set<Promise<unknown>>();

  /** Counts a look until it ends, however it ends. */
  async track<T>(look: Promise<T>): Promise<T> {
    this.#looks.add(look);
    try {
      return await look;
    } finally {
      this.#looks.delete(look);
    }
  }

  /** Resolves once every look that has begun until now has ended. */
  async allEnded(): Promise<void> {
    await Promise.allSettled(this.#looks);
  }
}
