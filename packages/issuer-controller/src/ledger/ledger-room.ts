/**
 * How full the ledger is. A record is some kilobytes of etcd, whose space the whole cluster shares: when the limit is
 * reached, requests wait rather than bring it down.
 *
 * It is a count that was read, corrected by what was done since, so a few records more than the limit may be made.
 */
export class LedgerRoom {
  readonly limit: number;
  #count: number | undefined;

  constructor(options: { readonly limit: number }) {
    this.limit = options.limit;
  }

  /** Records in the ledger; undefined before the first count. */
  get count(): number | undefined {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count !== undefined && this.#count >= this.limit;
  }

  /** Why no leaf may be signed now, for the request; undefined when there is room. */
  get refusal(): string | undefined {
    if (!this.isFull) return undefined;
    return `the ledger holds ${this.#count ?? 0} records and takes no more than ${this.limit}: raise --ledger-limit, or issue fewer or shorter-lived certificates`;
  }

  /** The ledger was counted. */
  counted(count: number): void {
    this.#count = count;
  }

  /** A record was made. */
  recorded(): void {
    if (this.#count !== undefined) this.#count += 1;
  }

  /** A record was removed. */
  removed(): void {
    if (this.#count !== undefined) this.#count -= 1;
  }
}
