import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limitOf, QuotaBook, type ReadTaken, takeToken, type TokenBucket, type TokenLimit } from "@capstan/policy";
import { bucketAfter } from "../src/take-token.ts";

const hourMs = 3_600_000;
const limit: TokenLimit = { certificates: 4, perMs: hourMs };

/** How many certificates are had when asking without end at one instant. */
function drain(bucket: TokenBucket | undefined, nowMs: number, of = limit): { count: number; bucket: TokenBucket } {
  for (let count = 0, held = bucket; ; count++) {
    const taking = takeToken(held, of, nowMs);
    if (!taking.ok) return { count, bucket: taking.bucket };
    held = taking.bucket;
  }
}

describe("takeToken", () => {
  test("begins full, and then fills evenly up to the full again", () => {
    const first = drain(undefined, 0);
    expect(first.count).toBe(4);
    expect(drain(first.bucket, hourMs / 4 - 1).count).toBe(0);
    expect(drain(first.bucket, hourMs / 4).count).toBe(1);
    expect(drain(first.bucket, hourMs / 2).count).toBe(2);
    expect(drain(first.bucket, 100 * hourMs).count).toBe(4);
  });

  test("says when the next one is there", () => {
    const { bucket } = drain(undefined, 0);
    const taking = takeToken(bucket, limit, 60_000);
    expect(taking).toMatchObject({ ok: false, retryAfterMs: hourMs / 4 - 60_000 });
    expect(takeToken(bucket, limit, hourMs / 4).ok).toBe(true);
  });

  test("a clock that goes back fills nothing, then or later", () => {
    const { bucket } = drain(undefined, hourMs);
    const back = drain(bucket, 0);
    expect(back.count).toBe(0);
    expect(drain(back.bucket, hourMs).count).toBe(0);
    expect(drain(back.bucket, 1.25 * hourMs).count).toBe(1);
  });

  test("a lowered quota counts at once", () => {
    expect(drain({ tokens: 4, countedAt: 0 }, 0, { certificates: 1, perMs: hourMs }).count).toBe(1);
  });

  test("in no window of its length, wherever it lies, are more than twice the certificates had", () => {
    const steps = fc.array(fc.nat(hourMs / 2), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(steps, (waits) => {
        let bucket: TokenBucket | undefined;
        let now = 0;
        const had: number[] = [];
        for (const wait of waits) {
          now += wait;
          const taking = takeToken(bucket, limit, now);
          bucket = taking.bucket;
          if (taking.ok) had.push(now);
          else expect(takeToken(bucket, limit, now + taking.retryAfterMs).ok).toBe(true);
        }
        for (const start of had) {
          expect(had.filter((at) => at >= start && at < start + hourMs).length).toBeLessThanOrEqual(8);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("limitOf", () => {
  test.each([
    [undefined, undefined],
    [{ perNamespace: { certificates: 100, per: "1h" } }, { certificates: 100, perMs: hourMs }],
    [{ perNamespace: { certificates: 100, per: "1d" } }, { certificates: 0, perMs: 60_000 }],
    [{ perNamespace: { certificates: 100, per: "0s" } }, { certificates: 0, perMs: 60_000 }],
  ])("%j is %j", (quota, expected) => {
    expect(limitOf(quota === undefined ? {} : { quota })).toEqual(expected);
  });

  test("what cannot be read allows nothing", () => {
    const none = { certificates: 0, perMs: 60_000 };
    expect(takeToken(undefined, none, 0)).toMatchObject({ ok: false, retryAfterMs: 60_000 });
  });
});

describe("bucketAfter", () => {
  const nowMs = 100 * hourMs;

  test("is full when nothing was taken", () => {
    expect(bucketAfter([], limit, nowMs)).toEqual({ tokens: 4, countedAt: nowMs });
  });

  test("is what taking left, in any order", () => {
    const times = [nowMs - 10 * 60_000, nowMs - 30 * 60_000, nowMs];
    expect(bucketAfter(times, limit, nowMs).tokens).toBeCloseTo(takeAll(times).tokens, 9);
    expect(drain(bucketAfter(times, limit, nowMs), nowMs).count).toBe(2);
  });

  test("what is said to be taken in times to come was taken now", () => {
    expect(bucketAfter([nowMs + hourMs], limit, nowMs)).toEqual({ tokens: 3, countedAt: nowMs });
  });

  test("never holds more than the bucket that was really taken from, and as much if none was taken in the period before the last", () => {
    const steps = fc.array(fc.record({ wait: fc.nat(hourMs / 2), takes: fc.nat(4) }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(steps, fc.nat(hourMs), (history, since) => {
        let bucket: TokenBucket | undefined;
        let now = nowMs;
        const had: number[] = [];
        for (const { wait, takes } of history) {
          now += wait;
          for (let index = 0; index < takes; index += 1) {
            const taking = takeToken(bucket, limit, now);
            bucket = taking.bucket;
            if (taking.ok) had.push(now);
          }
        }
        now += since;
        const really = bucketAfterAll(bucket, now);
        const known = had.filter((at) => at >= now - 2 * hourMs);
        const { tokens } = bucketAfter(known, limit, now);
        expect(tokens).toBeLessThanOrEqual(really + 1e-9);
        if (known.every((at) => at >= now - hourMs)) expect(tokens).toBeCloseTo(really, 9);
      }),
      { numRuns: 500 },
    );
  });

  function takeAll(times: readonly number[]): TokenBucket {
    return times
      .toSorted((a, b) => a - b)
      .reduce<TokenBucket>((bucket, at) => takeToken(bucket, limit, at).bucket, { tokens: 4, countedAt: 0 });
  }

  /** Tokens in it now. */
  function bucketAfterAll(bucket: TokenBucket | undefined, at: number): number {
    if (bucket === undefined) return 4;
    return Math.min(4, bucket.tokens + ((at - bucket.countedAt) * 4) / hourMs);
  }
});

describe("QuotaBook", () => {
  const one: TokenLimit = { certificates: 1, perMs: hourMs };
  const ask = { issuer: "i", namespace: "a", request: "r1", limit: one };
  const { signal } = new AbortController();
  const nothingTaken = async (): Promise<readonly number[]> => [];
  const open = (nowMs = (): number => 0): QuotaBook => new QuotaBook({ nowMs, readTaken: nothingTaken });

  test("counts each issuer and namespace apart", async () => {
    const book = open();
    expect(await book.take(ask, signal)).toBe(0);
    expect(await book.take({ ...ask, request: "r2" }, signal)).toBe(hourMs);
    expect(await book.take({ ...ask, namespace: "b", request: "r3" }, signal)).toBe(0);
    expect(await book.take({ ...ask, issuer: "j", request: "r4" }, signal)).toBe(0);
  });

  test("a request that tries again pays once, until it is settled", async () => {
    const book = open();
    expect([await book.take(ask, signal), await book.take(ask, signal)]).toEqual([0, 0]);
    book.settle(ask);
    expect(await book.take(ask, signal)).toBe(hourMs);
  });

  test("requests that ask at once share what there is", async () => {
    const book = open();
    const waits = await Promise.all(["r1", "r2", "r3"].map((request) => book.take({ ...ask, request }, signal)));
    expect(waits).toEqual([0, hourMs, hourMs]);
  });

  test("what is full is not forgotten while a request takes from it", async () => {
    let now = 0;
    const book = open(() => now);
    await book.take(ask, signal);
    book.settle(ask);
    now = 2 * hourMs;
    const others = { ...ask, namespace: "b", request: "r3" };
    await Promise.all([book.take({ ...ask, request: "r2" }, signal), book.take(others, signal)]);
    expect(await book.take({ ...ask, request: "r4" }, signal)).toBe(hourMs);
  });

  test("forgets what is full again, and with it every trace", async () => {
    let now = 0;
    const book = open(() => now);
    for (let index = 0; index < 100; index++) await book.take({ ...ask, namespace: `n${index}` }, signal);
    expect(book.size).toBe(100);
    now = hourMs;
    await book.take({ ...ask, namespace: "last" }, signal);
    expect(book.size).toBe(1);
  });

  test("settling what was never taken does nothing", () => {
    const book = open();
    book.settle(ask);
    expect(book.size).toBe(0);
  });

  test("counts what others took before, and reads it once for each within the first period alone", async () => {
    let now = 10 * hourMs;
    const reads: string[] = [];
    const readTaken: ReadTaken = async ({ issuer, namespace }) => {
      reads.push(`${issuer}/${namespace}`);
      return [now - hourMs / 2];
    };
    const book = new QuotaBook({ nowMs: () => now, readTaken });
    expect(await book.take(ask, signal)).toBe(hourMs / 2);
    expect(await book.take(ask, signal)).toBe(hourMs / 2);
    now += hourMs / 2;
    expect(await book.take(ask, signal)).toBe(0);
    expect(await book.take({ ...ask, namespace: "b" }, signal)).toBe(hourMs / 2);
    now += hourMs / 2;
    expect(await book.take({ ...ask, namespace: "c" }, signal)).toBe(0);
    expect(reads).toEqual(["i/a", "i/b"]);
  });

  test("takes nothing when that cannot be read", async () => {
    let readTaken: ReadTaken = async () => await Promise.reject(new Error("no answer"));
    const book = new QuotaBook({ nowMs: () => 0, readTaken: async (...args) => await readTaken(...args) });
    await expect(book.take(ask, signal)).rejects.toThrow("no answer");
    readTaken = nothingTaken;
    expect([await book.take(ask, signal), await book.take({ ...ask, request: "r2" }, signal)]).toEqual([0, hourMs]);
  });
});
