import { createRoot, generateCaKey, type KeyAlgorithm, MAX_CRL_CHARACTERS, type Root } from "@capstan/ca-core";
import { beforeAll, describe, expect, test } from "vitest";
import {
  capacityMarks,
  capacityOf,
  countEntries,
  type CrlCapacity,
  maxEntries,
  mostEntries,
} from "../../src/crl/crl-capacity.ts";

async function newRoot(algorithm: KeyAlgorithm): Promise<Root> {
  return createRoot({
    subject: { commonName: "Example Fleet CA" },
    generation: 1,
    notBefore: new Date("2026-11-22T03:00:00Z"),
    notAfter: new Date("2027-11-22T03:00:00Z"),
    signer: await generateCaKey(algorithm),
  });
}

let root: Root;

beforeAll(async () => {
  root = await newRoot("ECDSA-P256");
});

function capacity(count: number, reason: "superseded" | "unspecified", listBytes = 0): CrlCapacity {
  return capacityOf({ root, count: { entries: count, withReason: reason === "unspecified" ? 0 : count }, listBytes });
}

describe("reasons are", () => {
  test("left-out-from-80-percent-on-and-what-is-said-is-the-size-without-them", () => {
    let count = 0;
    while (capacity(count + 1, "superseded").reasons === "Listed") count += 1;
    const [last, next] = [capacity(count, "superseded"), capacity(count + 1, "superseded")];
    expect(last.fill).toBeLessThan(capacityMarks.leaveReasonsOut);
    expect(last.fill).toBeGreaterThan(capacityMarks.leaveReasonsOut - 0.001);
    expect(next.fill).toBeGreaterThan(0.5);
    expect(next.fill).toBeLessThan(0.6);
    expect(count).toBeGreaterThan(3_000);
  });

  test("not-left-out-where-there-are-none", () => {
    expect(capacity(4_500, "unspecified").fill).toBeLessThan(capacityMarks.leaveReasonsOut);
    expect(capacity(4_500, "unspecified").reasons).toBe("Listed");
  });
});

test("entries-with-a-reason-are-counted-apart", () => {
  const reasons = ["superseded", "unspecified", "keyCompromise"] as const;
  expect(countEntries(reasons.map((reason) => ({ reason })))).toEqual({ entries: 3, withReason: 2 });
});

test("the-sentinel-is-counted", () => {
  expect(capacity(0, "unspecified").entries).toBe(1);
});

test.each<[fact: string, listBytes: number, fill: number]>([
  ["a-list-that-fills-etcds-request-is-full", 1_572_864, 1],
  ["half-of-it-is-half", 786_432, 0.5],
])("%s", (_fact, listBytes, fill) => {
  expect(capacity(10, "superseded", listBytes).fill).toBe(fill);
});

test.each<KeyAlgorithm>(["RSA-2048", "RSA-4096", "ECDSA-P256", "ECDSA-P384"])(
  "of-%s-the-most-entries-fit-and-one-more-does-not",
  async (algorithm) => {
    const own = await newRoot(algorithm);
    const most = mostEntries(own);
    const size = (count: number): number =>
      capacityOf({ root: own, count: { entries: count, withReason: count } }).characters;
    expect(size(most)).toBeLessThanOrEqual(MAX_CRL_CHARACTERS);
    expect(size(most + 1) > MAX_CRL_CHARACTERS || most + 1 === maxEntries).toBe(true);
    expect(most).toBeGreaterThan(5_500);
  },
);
