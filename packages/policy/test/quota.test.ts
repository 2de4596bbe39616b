import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limitOf, QuotaBook, takeToken, type TokenBucket, type TokenLimit } from "@capstan/policy";

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

describe("QuotaBook", () => {
  const one: TokenLimit = { certificates: 1, perMs: hourMs };
  const ask = { issuer: "i", namespace: "a", request: "r1", limit: one };

  test("counts each issuer and namespace apart", () => {
    const book = new QuotaBook(() => 0);
    expect(book.take(ask)).toBe(0);
    expect(book.take({ ...ask, request: "r2" })).toBe(hourMs);
    expect(book.take({ ...ask, namespace: "b", request: "r3" })).toBe(0);
    expect(book.take({ ...ask, issuer: "j", request: "r4" })).toBe(0);
  });

  test("a request that tries again pays once, until it is settled", () => {
    const book = new QuotaBook(() => 0);
    expect([book.take(ask), book.take(ask)]).toEqual([0, 0]);
    book.settle(ask);
    expect(book.take(ask)).toBe(hourMs);
  });

  test("forgets what is full again, and with it every trace", () => {
    let now = 0;
    const book = new QuotaBook(() => now);
    for (let index = 0; index < 100; index++) book.take({ ...ask, namespace: `n${index}` });
    expect(book.size).toBe(100);
    now = hourMs;
    book.take({ ...ask, namespace: "last" });
    expect(book.size).toBe(1);
  });

  test("settling what was never taken does nothing", () => {
    const book = new QuotaBook(() => 0);
    book.settle(ask);
    expect(book.size).toBe(0);
  });
});
