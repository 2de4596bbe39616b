import type { IssuerSpec } from "./name-rules.ts";
import { readSetting } from "./check-duration.ts";

/** What is left of a quota: as a bucket that fills evenly. */
export interface TokenBucket {
  /** From 0 to the quota's `certificates`; a part of one is on its way. */
  readonly tokens: number;
  /** When that was counted, in milliseconds since 1970. */
  readonly countedAt: number;
}

export interface TokenLimit {
  readonly certificates: number;
  /** In which so many certificates may be had, in milliseconds. */
  readonly perMs: number;
}

export type Taking =
  | { readonly ok: true; readonly bucket: TokenBucket }
  | { readonly ok: false; readonly bucket: TokenBucket; readonly retryAfterMs: number };

/**
 * The quota of an issuer; undefined where it has none. One that cannot be read, of which validateIssuer tells, allows none.
 *
 * @example
 * limitOf({ quota: { perNamespace: { certificates: 100, per: "1h" } } }); // { certificates: 100, perMs: 3600000 }
 */
export function limitOf({ quota }: Pick<IssuerSpec, "quota">): TokenLimit | undefined {
  if (quota === undefined) return undefined;
  const { certificates, per } = quota.perNamespace;
  const read = readSetting(per, "spec.quota.perNamespace.per");
  return read.ok && read.durationMs > 0 ? { certificates, perMs: read.durationMs } : { certificates: 0, perMs: 60_000 };
}

/**
 * Takes one certificate out of a bucket; undefined is a full one. Pure: the caller keeps the bucket that comes back, one
 * for each issuer and namespace. A clock that goes back fills nothing; a quota that was changed counts at once.
 *
 * @example
 * const taking = takeToken(undefined, { certificates: 100, perMs: 3_600_000 }, now.getTime());
 */
export function takeToken(bucket: TokenBucket | undefined, limit: TokenLimit, nowMs: number): Taking {
  const filled = fill(bucket, limit, nowMs);
  if (filled.tokens >= 1) return { ok: true, bucket: { ...filled, tokens: filled.tokens - 1 } };
  const missing = limit.certificates === 0 ? limit.perMs : ((1 - filled.tokens) * limit.perMs) / limit.certificates;
  return { ok: false, bucket: filled, retryAfterMs: Math.ceil(missing) };
}

/** One that nothing was taken from. */
export function fullBucket({ certificates }: TokenLimit, nowMs: number): TokenBucket {
  return { tokens: certificates, countedAt: nowMs };
}

/**
 * What is left after certificates were taken at these times, in milliseconds since 1970 in any order. What was taken
 * more than two periods ago need not be among them: the bucket is empty then, so that it never holds more than the one that
 * was really taken from, and just as much if nothing was taken in the first of the two. Times to come count as now.
 *
 * @example
 * bucketAfter([now - 60_000], { certificates: 100, perMs: 3_600_000 }, now).tokens; // 100, since one fills in 36 s
 */
export function bucketAfter(takenMs: readonly number[], limit: TokenLimit, nowMs: number): TokenBucket {
  let bucket: TokenBucket = { tokens: 0, countedAt: nowMs - 2 * limit.perMs };
  for (const at of takenMs.map((each) => Math.min(each, nowMs)).toSorted((a, b) => a - b)) {
    const filled = fill(bucket, limit, at);
    bucket = { ...filled, tokens: Math.max(0, filled.tokens - 1) };
  }
  return fill(bucket, limit, nowMs);
}

/** Whether a bucket says no more than none would: its owner may forget it. */
export function isFull(bucket: TokenBucket, limit: TokenLimit, nowMs: number): boolean {
  return fill(bucket, limit, nowMs).tokens === limit.certificates;
}

function fill(bucket: TokenBucket | undefined, limit: TokenLimit, nowMs: number): TokenBucket {
  if (bucket === undefined) return fullBucket(limit, nowMs);
  const { certificates, perMs } = limit;
  const elapsed = Math.max(0, nowMs - bucket.countedAt);
  const tokens = Math.min(certificates, bucket.tokens + (elapsed * certificates) / perMs);
  return { tokens, countedAt: Math.max(nowMs, bucket.countedAt) };
}
