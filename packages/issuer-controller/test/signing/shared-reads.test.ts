import { certificateAuthorityResource } from "@capstan/api";
import { type KubeObject, systemClock } from "@capstan/kube";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SharedReads } from "../../src/signing/shared-reads.ts";
import { ApiServer } from "../support/api-server.ts";
import { authority, newGeneration } from "../support/objects.ts";

const generation = await newGeneration();
const ref = { name: "fleet" };

let server: ApiServer;
let reads: SharedReads;

beforeEach(async () => {
  server = await ApiServer.start();
  server.put(certificateAuthorityResource, authority([generation]));
  reads = new SharedReads(server.client);
});

afterEach(() => server[Symbol.asyncDispose]());

const read = (name = "fleet"): Promise<KubeObject | undefined> => reads.read(certificateAuthorityResource, { name });

test("one-get-serves-everyone-who-asked-before-it-was-sent", async () => {
  // The first goes out at once; those that ask while it is on its way share the next.
  await Promise.all(Array.from({ length: 50 }, () => read()));
  expect(server.calls).toHaveLength(2);
});

test("who-asks-while-one-is-on-its-way-gets-what-was-true-after-asking", async () => {
  let late: Promise<KubeObject | undefined> | undefined;
  server.next("GET", /fleet$/, () => {
    late = read();
  });
  // It changes when the second read arrives: the first, which was asked before, cannot know.
  const changed = { ...authority([generation]), metadata: { name: "fleet", labels: { new: "yes" } } };
  server.next("GET", /fleet$/, (one) => void one.put(certificateAuthorityResource, changed));
  expect((await read())?.metadata.labels).toBeUndefined();
  expect((await late)?.metadata.labels).toEqual({ new: "yes" });
  expect(server.calls).toHaveLength(2);
});

test("a-read-alone-is-sent-at-once-and-each-time", async () => {
  await read();
  await read();
  expect(server.calls).toHaveLength(2);
});

test("the-next-read-rests-so-that-more-can-share-it", async () => {
  const rests: (() => void)[] = [];
  const clock = { ...systemClock, setTimer: (end: () => void): (() => void) => (rests.push(end), () => {}) };
  reads = new SharedReads(server.client, clock);
  const [first, second] = [read(), read()];
  await first;
  await vi.waitUntil(() => rests.length === 1, { timeout: 30_000 });
  const third = read();
  expect(server.calls).toHaveLength(1);
  rests[0]?.();
  expect((await Promise.all([second, third])).map((found) => found?.metadata.name)).toEqual([ref.name, ref.name]);
  expect(server.calls).toHaveLength(2);
});

test("objects-are-read-apart", async () => {
  const [fleet, other] = await Promise.all([read(), read("other")]);
  expect([fleet?.metadata.name, other]).toEqual(["fleet", undefined]);
});

describe("a failed read", () => {
  test("fails-those-that-waited-for-it-alone", async () => {
    server.next("GET", /fleet$/, { refuse: 500, reason: "InternalError" });
    const results = await Promise.allSettled([read(), read(), read()]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  });

  test("is-not-remembered", async () => {
    server.next("GET", /fleet$/, { refuse: 500, reason: "InternalError" });
    await expect(read()).rejects.toMatchObject({ code: 500 });
    expect((await read())?.metadata.name).toBe(ref.name);
  });
});
