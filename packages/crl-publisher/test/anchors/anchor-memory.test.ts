import { rotationPolicy } from "@capstan/ca-core";
import { beforeEach, describe, expect, test } from "vitest";
import { AnchorMemories, AnchorMemory } from "../../src/anchors/anchor-memory.ts";
import type { FoundAnchor } from "../../src/anchors/read-anchor.ts";
import { day, minute, now, prod } from "../support/objects.ts";

const at = now.getTime();
const policy = rotationPolicy(7 * day);
const found = (...fingerprints: readonly string[]): FoundAnchor => ({
  state: "Present",
  arn: "arn",
  certificates: fingerprints.map((fingerprint) => ({ fingerprint, pem: "", generation: undefined })),
  crls: [],
});

let memory: AnchorMemory;

beforeEach(() => {
  memory = new AnchorMemory();
});

describe("readings", () => {
  test("are-counted-while-they-find-the-same-in-whatever-order", () => {
    memory.read(found("a", "b"), at, policy);
    expect(memory.read(found("b", "a"), at + minute, policy).equal).toEqual({ count: 2, since: at });
    expect(memory.read(found("a"), at + 2 * minute, policy).equal).toEqual({ count: 1, since: at + 2 * minute });
  });

  test("begin-anew-after-a-gap-in-which-nobody-knows-what-was-there", () => {
    memory.read(found("a"), at, policy);
    expect(memory.read(found("a"), at + 11 * minute, policy).equal.count).toBe(1);
  });

  test("that-begin-after-a-write-has-ended-are-later-than-it-though-the-clock-stands-still", async () => {
    await memory.write(
      at,
      () => Promise.resolve(),
      () => true,
    );
    expect(memory.read(found("a"), at, policy).readAt).toBeGreaterThan(memory.writtenAt ?? Number.NaN);
  });
});

describe("a write", () => {
  test("is-noted-before-it-is-sent-as-one-that-may-still-come-to-effect", async () => {
    await memory.write(
      at,
      () => {
        expect([memory.writtenAt, memory.doubtfulWriteAt]).toEqual([at, at]);
        return Promise.resolve();
      },
      () => true,
    );
    expect([memory.writtenAt, memory.doubtfulWriteAt]).toEqual([at, undefined]);
  });

  test.each([
    ["that-was-answered-with-a-refusal-leaves-no-doubt", true, undefined],
    ["whose-answer-never-came-stays-in-doubt", false, at],
  ])("%s", async (_fact, isAnswered, doubtful) => {
    const write = memory.write(
      at,
      () => Promise.reject(new Error("no")),
      () => isAnswered,
    );
    await expect(write).rejects.toThrow("no");
    expect(memory.doubtfulWriteAt).toBe(doubtful);
  });

  test("that-is-answered-does-not-take-the-doubt-of-an-earlier-one", async () => {
    await memory
      .write(
        at,
        () => Promise.reject(new Error("no")),
        () => false,
      )
      .catch(() => undefined);
    await memory.write(
      at + minute,
      () => Promise.resolve(),
      () => true,
    );
    expect([memory.writtenAt, memory.doubtfulWriteAt]).toEqual([at + minute, at]);
  });
});

describe("a write that AWS has answered", () => {
  const write = (): Promise<void> =>
    memory.write(
      at,
      () => Promise.resolve(),
      () => true,
    );

  test("counts-as-without-effect-while-the-reading-after-it-is-as-before", async () => {
    memory.read(found("a"), at, policy);
    for (const writes of [1, 2, 3]) {
      await write();
      memory.read(found("a"), at, policy);
      expect(memory.unseenWrites).toBe(writes);
      // A reading later on is one like any other.
      memory.read(found("a"), at + minute, policy);
      expect(memory.unseenWrites).toBe(0);
    }
    await write();
    memory.read(found("a", "b"), at, policy);
    expect(memory.unseenWrites).toBe(0);
  });

  test.each<[fact: string, change: Partial<FoundAnchor>]>([
    ["another-state", { state: "Disabled" }],
    ["a-crl-more", { crls: [{ id: "one", name: "", enabled: true, content: undefined }] }],
  ])("has-had-its-effect-with-%s", async (_fact, change) => {
    memory.read(found("a"), at, policy);
    await write();
    memory.read({ ...found("a"), ...change }, at, policy);
    expect(memory.unseenWrites).toBe(0);
  });

  test("is-tried-again-after-twice-as-long-each-time-up-to-a-minute", async () => {
    memory.read(found("a"), at, policy);
    const waits: number[] = [];
    for (let writes = 0; writes < 7; writes += 1) {
      await write();
      memory.succeeded();
      memory.read(found("a"), at, policy);
      memory.unseen("no", at);
      waits.push((memory.failure?.retryAt ?? 0) - at);
    }
    expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });
});

describe("after failures in a row the next try", () => {
  test("is-made-after-twice-as-long-each-time-up-to-a-minute", () => {
    const waits = Array.from({ length: 7 }, () => {
      memory.failed("no", at);
      return (memory.failure?.retryAt ?? 0) - at;
    });
    expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  test("is-not-made-before-aws-said-but-within-a-minute", () => {
    memory.failed("no", at, { retryAfterMs: 10_000 });
    expect(memory.failure).toEqual({ message: "no", retryAt: at + 10_000 });
    memory.failed("no", at, { retryAfterMs: 3_600_000 });
    expect(memory.failure?.retryAt).toBe(at + minute);
  });

  test("begins-anew-after-a-success", () => {
    memory.failed("no", at);
    memory.failed("no", at);
    memory.succeeded();
    expect(memory.failure).toBeUndefined();
    memory.failed("no", at);
    expect(memory.failure).toMatchObject({ retryAt: at + 2_000 });
  });
});

describe("an anchor is remembered", () => {
  test.each([
    ["in-another-account", { ...prod, account: "444455556666" }],
    ["in-another-region", { ...prod, region: "eu-west-1" }],
    ["by-another-arn", { ...prod, arn: "another" }],
  ])("as-another-one-%s", (_fact, moved) => {
    const memories = new AnchorMemories();
    expect(memories.of("fleet", moved)).not.toBe(memories.of("fleet", prod));
    expect(memories.of("fleet", prod)).toBe(memories.of("fleet", { ...prod, ignore: true }));
  });

  test("until-its-authority-is-gone-and-not-that-of-a-longer-name", () => {
    const memories = new AnchorMemories();
    const [one, other] = [memories.of("fleet", prod), memories.of("fleet-two", prod)];
    memories.forget("fleet");
    expect(memories.of("fleet", prod)).not.toBe(one);
    expect(memories.of("fleet-two", prod)).toBe(other);
  });
});

describe("a call that nobody waits for", () => {
  test("is-under-way-until-it-ends-and-alone", async () => {
    const memory = new AnchorMemory();
    let end = (): void => undefined;
    memory.begin(7, () => new Promise<void>((resolve) => (end = resolve)));
    expect(memory.underWaySince).toBe(7);
    expect(() => memory.begin(8, () => Promise.resolve())).toThrow("a call is under way");
    end();
    await memory.ended();
    expect(memory.underWaySince).toBeUndefined();
    expect(() => memory.throwFault()).not.toThrow();
  });

  test("leaves-what-it-ended-with-to-whoever-asks-once", async () => {
    const memory = new AnchorMemory();
    memory.begin(7, () => Promise.reject(new Error("the lease was lost")));
    await memory.ended();
    expect(() => memory.throwFault()).toThrow("the lease was lost");
    expect(() => memory.throwFault()).not.toThrow();
  });
});
