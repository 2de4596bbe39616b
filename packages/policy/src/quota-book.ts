import { isFull, takeToken, type TokenBucket, type TokenLimit } from "./take-token.ts";

interface Account {
  bucket: TokenBucket;
  limit: TokenLimit;
  /** Requests that have taken a certificate and not got it yet: trying again costs them nothing. */
  readonly holders: Set<string>;
}

export interface QuotaQuestion {
  /** `metadata.uid` of the issuer. */
  readonly issuer: string;
  readonly namespace: string;
  /** `metadata.uid` of the request. */
  readonly request: string;
  readonly limit: TokenLimit;
}

/**
 * The quotas in use, by issuer and namespace. In memory: a new leader begins with full buckets. What it holds is bounded
 * by the certificates that were issued within one period, since a bucket that is full again is forgotten.
 *
 * @example
 * const book = new QuotaBook(() => Date.now());
 * const waitMs = book.take({ issuer: "0b1c", namespace: "demo", request: "7d2e", limit: { certificates: 1, perMs: 1000 } });
 * if (waitMs === 0) book.settle({ issuer: "0b1c", namespace: "demo", request: "7d2e" }); // once its leaf is released
 */
export class QuotaBook {
  readonly #accounts = new Map<string, Account>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Milliseconds to wait before the request may be asked for again; 0 when it may have its certificate now. */
  take({ issuer, namespace, request, limit }: QuotaQuestion): number {
    const key = keyOf(issuer, namespace);
    const account = this.#accounts.get(key);
    if (account?.holders.has(request) === true) return 0;
    const now = this.#nowMs();
    const taking = takeToken(account?.bucket, limit, now);
    if (account === undefined) {
      this.#forgetFull(now);
      this.#accounts.set(key, { bucket: taking.bucket, limit, holders: new Set(taking.ok ? [request] : []) });
    } else {
      account.bucket = taking.bucket;
      account.limit = limit;
      if (taking.ok) account.holders.add(request);
    }
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

  #forgetFull(now: number): void {
    for (const [key, { bucket, limit }] of this.#accounts) {
      if (isFull(bucket, limit, now)) this.#accounts.delete(key);
    }
  }
}

/** A uid holds no slash. */
function keyOf(issuer: string, namespace: string): string {
  return `${issuer}/${namespace}`;
}
