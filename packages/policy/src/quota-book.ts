import { bucketAfter, fullBucket, isFull, takeToken, type TokenBucket, type TokenLimit } from "./take-token.ts";

interface Account {
  bucket: TokenBucket;
  limit: TokenLimit;
  /** Requests that have taken a certificate and not got it yet: trying again costs them nothing. */
  readonly holders: Set<string>;
}

/** Whose quota. */
export interface QuotaOwner {
  /** `metadata.uid` of the issuer. */
  readonly issuer: string;
  readonly namespace: string;
  readonly limit: TokenLimit;
}

export interface QuotaQuestion extends QuotaOwner {
  /** `metadata.uid` of the request. */
  readonly request: string;
}

/**
 * When certificates were taken out of a quota, in milliseconds since 1970 in any order: at least those of the last two
 * periods of its limit.
 */
export type ReadTaken = (owner: QuotaOwner, signal: AbortSignal) => Promise<readonly number[]>;

/**
 * The quotas in use, by issuer and namespace. What was taken before the book was opened it reads where that is recorded,
 * once for each of them and only within the first period, after which every bucket that it does not know is full. What it
 * holds is bounded by the certificates that were issued within one period, since a bucket that is full again is forgotten.
 *
 * @example
 * const book = new QuotaBook({ nowMs: () => Date.now(), readTaken: async () => [] });
 * const limit = { certificates: 1, perMs: 1000 };
 * const waitMs = await book.take({ issuer: "0b1c", namespace: "demo", request: "7d2e", limit }, signal);
 * if (waitMs === 0) book.settle({ issuer: "0b1c", namespace: "demo", request: "7d2e" }); // once its leaf is released
 */
export class QuotaBook {
  readonly #accounts = new Map<string, Account>();
  readonly #nowMs: () => number;
  readonly #readTaken: ReadTaken;
  /** When the first certificate was asked for: what others gave out came before. */
  #openedMs: number | undefined;

  constructor(options: { readonly nowMs: () => number; readonly readTaken: ReadTaken }) {
    this.#nowMs = options.nowMs;
    this.#readTaken = options.readTaken;
  }

  /**
   * Milliseconds to wait before the request may be asked for again; 0 when it may have its certificate now.
   *
   * @throws what `readTaken` does: then nothing was taken
   */
  async take({ request, ...owner }: QuotaQuestion, signal: AbortSignal): Promise<number> {
    const { issuer, namespace, limit } = owner;
    const key = keyOf(issuer, namespace);
    this.#openedMs ??= this.#nowMs();
    const isToBeRead = !this.#accounts.has(key) && this.#mayBeTaken(limit);
    const taken = isToBeRead ? await this.#readTaken(owner, signal) : undefined;
    // From here on nothing is waited for. Another request may have opened it meanwhile, and taken from it.
    const account = this.#accounts.get(key) ?? this.#open(key, limit, taken);
    if (account.holders.has(request)) return 0;
    const taking = takeToken(account.bucket, limit, this.#nowMs());
    account.bucket = taking.bucket;
    account.limit = limit;
    if (taking.ok) account.holders.add(request);
    return taking.ok ? 0 : taking.retryAfterMs;
  }

  /** The request has come to its end, with a certificate or without. */
  settle({ issuer, namespace, request }: Omit<QuotaQuestion, "limit">): void {
    this.#accounts.get(keyOf(issuer, namespace))?.holders.delete(request);
  }

  /** How many pairs of issuer and namespace are remembered. */
  get size(): number {
    return this.#accounts.size;
  }

  #open(key: string, limit: TokenLimit, taken: readonly number[] | undefined): Account {
    const now = this.#nowMs();
    this.#forgetFull(now);
    const bucket = taken === undefined ? fullBucket(limit, now) : bucketAfter(taken, limit, now);
    const account: Account = { bucket, limit, holders: new Set() };
    this.#accounts.set(key, account);
    return account;
  }

  /** Whether others than this book may have taken what is not back yet. */
  #mayBeTaken({ perMs }: TokenLimit): boolean {
    return this.#openedMs !== undefined && this.#nowMs() - this.#openedMs < perMs;
  }

  /** While what is unknown is read, nothing that was read is forgotten. */
  #forgetFull(now: number): void {
    for (const [key, { bucket, limit }] of this.#accounts) {
      if (isFull(bucket, limit, now) && !this.#mayBeTaken(limit)) this.#accounts.delete(key);
    }
  }
}

/** A uid holds no slash. */
function keyOf(issuer: string, namespace: string): string {
  return `${issuer}/${namespace}`;
}
