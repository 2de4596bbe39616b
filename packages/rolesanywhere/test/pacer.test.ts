import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { monotonicClock } from "../src/clock.ts";
import { Pacer, sharedPacers } from "../src/pacer.ts";
import { jumpingClock } from "./jumping-clock.ts";
import { startScriptedServer } from "./scripted-server.ts";
import { controlPlaneAt, region } from "./setup.ts";

const call = fc.record({
  /** How long the call takes. */
  takesMs: fc.nat({ max: 3_000 }),
  /** How long its caller is busy before the next call is asked for. */
  thenMs: fc.nat({ max: 3_000 }),
  fails: fc.boolean(),
  waited: fc.boolean(),
  aborted: fc.boolean(),
});

test("no two calls of a pacer begin within a second, none overlap, and their order is kept", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 20 }), async (calls) => {
      const clock = jumpingClock();
      const pacer = new Pacer(clock, 1_000);
      const begun: { readonly index: number; readonly startMs: number; readonly endMs: number }[] = [];
      const outcomes: Promise<unknown>[] = [];

      for (const [index, { takesMs, thenMs, fails, waited, aborted }] of calls.entries()) {
        const work = async (): Promise<void> => {
          const startMs = clock.now();
          clock.advance(takesMs);
          begun.push({ index, startMs, endMs: clock.now() });
          await Promise.resolve();
          if (fails) throw new Error("the call failed");
        };
        const outcome = pacer.run(work, aborted ? AbortSignal.abort() : undefined).catch(() => undefined);
        outcomes.push(outcome);
        if (waited) await outcome;
        clock.advance(thenMs);
      }
      await Promise.all(outcomes);

      expect(begun.map(({ index }) => index)).toEqual(
        [...calls.entries()].filter(([, { aborted }]) => !aborted).map(([index]) => index),
      );
      for (const [index, { startMs }] of begun.entries()) {
        const previous = begun[index - 1];
        if (previous !== undefined) expect(startMs - previous.endMs).toBeGreaterThanOrEqual(1_000);
      }
    }),
  );
});

test("the first call does not wait", async () => {
  const clock = jumpingClock();

  await new Pacer(clock, 1_000).run(() => Promise.resolve());

  expect(clock.now()).toBe(0);
});

test("a call that waits for its turn ends at once when its signal aborts, and leaves the queue as it was", async () => {
  const clock = jumpingClock();
  const pacer = new Pacer(clock, 1_000);
  const { promise: running, resolve: finish } = Promise.withResolvers<string>();
  const controller = new AbortController();
  const began: string[] = [];
  const first = pacer.run(() => running);
  const second = pacer.run(async () => began.push("second"), controller.signal);
  const third = pacer.run(async () => began.push("third"));

  controller.abort(new Error("no longer wanted"));
  await expect(second).rejects.toThrow("no longer wanted");
  finish("first");

  expect(await first).toBe("first");
  await third;
  expect(began).toEqual(["third"]);
  expect(clock.now()).toBe(1_000);
});

test("the real clock waits no shorter than asked when its timer comes early", async () => {
  const early = { ...monotonicClock, sleep: (ms: number) => monotonicClock.sleep(ms / 2) };
  const pacer = new Pacer(early, 40);
  const first = await pacer.run(async () => early.now());

  expect((await pacer.run(async () => early.now())) - first).toBeGreaterThanOrEqual(40);
});

test("the real clock's sleep ends with the signal's reason", async () => {
  await expect(monotonicClock.sleep(1_000_000, AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
  const controller = new AbortController();
  const sleep = monotonicClock.sleep(1_000_000, controller.signal);
  controller.abort(new Error("meanwhile"));
  await expect(sleep).rejects.toThrow("meanwhile");
});

describe("who shares a pace", () => {
  const clock = jumpingClock();
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not a real key" };
  const base = { clock, owner: "111122223333", region, endpoint: "https://aws.example.org" };

  test.each([
    ["account", "111122223333"],
    ["credential source", credentials],
  ])("calls by one clock for one %s, region and endpoint", (_name, owner) => {
    expect(sharedPacers({ ...base, owner })).toBe(sharedPacers({ ...base, owner }));
  });

  test("control planes of one account, whatever their credentials", async () => {
    const seen: [string, number][] = [];
    await using server = await startScriptedServer(({ path }) => {
      seen.push([path, clock.now()]);
      return {};
    });
    const [one, other] = ["AKIDONE", "AKIDOTHER"].map((accessKeyId) =>
      controlPlaneAt(server.url, { clock, account: "111122223333", credentials: { ...credentials, accessKeyId } }),
    );
    const start = clock.now();

    await one?.listCrls();
    await other?.listCrls();

    expect(seen).toEqual([
      ["/crls", start],
      ["/crls", start + 1_000],
    ]);
  });

  test.each([
    ["region", { region: "us-east-1" }],
    ["endpoint", { endpoint: "https://localhost" }],
    ["account", { owner: "444455556666" }],
    ["credential source", { owner: credentials }],
    ["clock", { clock: jumpingClock() }],
  ])("not those of another %s", (_name, other) => {
    expect(sharedPacers({ ...base, ...other })).not.toBe(sharedPacers(base));
  });
});

test("requests of two control planes reach AWS a second apart per bucket, and the buckets do not wait for each other", async () => {
  const clock = jumpingClock();
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not a real key" };
  const seen: [string, number][] = [];
  await using server = await startScriptedServer(({ path }) => {
    seen.push([path, clock.now()]);
    return {};
  });
  const [one, other] = [1, 2].map(() => controlPlaneAt(server.url, { clock, credentials }));

  await one?.listTrustAnchors();
  await one?.listCrls();
  await other?.listTrustAnchors();
  await other?.listCrls();
  await one?.listCrls();

  expect(seen).toEqual([
    ["/trustanchors", 0],
    ["/crls", 0],
    ["/trustanchors", 1_000],
    ["/crls", 1_000],
    ["/crls", 2_000],
  ]);
});
