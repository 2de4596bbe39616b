import { describe, expect, test } from "vitest";
import { createMetrics, WorkQueue } from "../src/index.ts";
import { ManualClock } from "./manual-clock.ts";

function queueOn(clock: ManualClock = new ManualClock()): WorkQueue {
  return new WorkQueue({ name: "test", clock, jitter: () => 0.5 });
}

/** What `get` gives right now; "waiting" when it would wait. */
async function now(queue: WorkQueue): Promise<string | undefined> {
  return Promise.race([queue.get(), new Promise<string>((resolve) => setImmediate(resolve, "waiting"))]);
}

describe("a queue", () => {
  test("hands out keys in the order they came", async () => {
    const queue = queueOn();
    for (const key of ["b", "a", "c"]) queue.add(key);
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(["b", "a", "c"]);
  });

  test("hands out once what was added many times", async () => {
    const queue = queueOn();
    queue.add("a");
    queue.add("a");
    expect(queue.size).toBe(1);
    expect(await queue.get()).toBe("a");
    expect(await now(queue)).toBe("waiting");
  });

  test("does not hand out a key that a worker has", async () => {
    const queue = queueOn();
    queue.add("a");
    await queue.get();
    queue.add("a");
    expect(await now(queue)).toBe("waiting");
  });

  test("hands out again, once, what was added while a worker had it", async () => {
    const queue = queueOn();
    queue.add("a");
    await queue.get();
    queue.add("a");
    queue.add("a");
    queue.done("a");
    expect(await queue.get()).toBe("a");
    queue.done("a");
    expect(queue.size).toBe(0);
  });

  test("does not hand out again what was not added meanwhile", async () => {
    const queue = queueOn();
    queue.add("a");
    await queue.get();
    queue.done("a");
    expect(await now(queue)).toBe("waiting");
  });

  test("wakes a worker that waits", async () => {
    const queue = queueOn();
    const waiting = queue.get();
    queue.add("a");
    expect(await waiting).toBe("a");
  });

  test("wakes one worker per key, in the order they asked", async () => {
    const queue = queueOn();
    const waiting = [queue.get(), queue.get()];
    queue.add("a");
    queue.add("b");
    expect(await Promise.all(waiting)).toEqual(["a", "b"]);
  });

  test("refuses done for a key that no worker has", () => {
    expect(() => {
      queueOn().done("a");
    }).toThrow('no worker holds "a"');
  });
});

describe("addAfter", () => {
  test.each<[string, number[], number]>([
    ["later after earlier", [100, 500], 100],
    ["earlier after later", [500, 100], 100],
    ["the same twice", [100, 100], 100],
  ])("of two times the earlier counts: %s", async (_, delays, expected) => {
    const clock = new ManualClock();
    const queue = queueOn(clock);
    for (const delay of delays) queue.addAfter("a", delay);
    clock.advance(expected - 1);
    expect(queue.size).toBe(0);
    clock.advance(1);
    expect(queue.size).toBe(1);
    expect(await queue.get()).toBe("a");
    queue.done("a");
    clock.advance(10_000);
    expect(queue.size).toBe(0);
  });

  test.each([0, -1, Number.NaN])("%d means now", (delay) => {
    const queue = queueOn();
    queue.addAfter("a", delay);
    expect(queue.size).toBe(1);
  });

  test("survives a delay longer than a timer can be", () => {
    const clock = new ManualClock();
    const longest = 2 ** 31 - 1;
    const capped = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      setTimer: (callback: () => void, ms: number) => clock.setTimer(callback, Math.min(ms, longest)),
    };
    const queue = new WorkQueue({ name: "test", clock: capped });
    queue.addAfter("a", longest + 5_000);
    clock.advance(longest);
    expect(queue.size).toBe(0);
    clock.advance(5_000);
    expect(queue.size).toBe(1);
  });
});

describe("addRateLimited", () => {
  test("doubles per failure of a key up to 1000 s, until forget", () => {
    const clock = new ManualClock();
    const queue = new WorkQueue({ name: "test", clock, jitter: () => 1 });
    const delays: number[] = [];
    for (let failures = 0; failures < 20; failures += 1) {
      queue.addRateLimited("a");
      delays.push(clock.nextTimerMs ?? 0);
      clock.advance(clock.nextTimerMs ?? 0);
    }
    expect(delays.slice(0, 5)).toEqual([5, 10, 20, 40, 80]);
    expect(delays.slice(17)).toEqual([655_360, 1_000_000, 1_000_000]);
    expect(queue.failures("a")).toBe(20);
    queue.forget("a");
    queue.addRateLimited("a");
    expect(clock.nextTimerMs).toBe(5);
  });

  test("lets a hundred failures through at once, then ten a second over all keys", () => {
    const clock = new ManualClock();
    const queue = queueOn(clock);
    for (let index = 0; index < 130; index += 1) queue.addRateLimited(`key-${index}`);
    clock.advance(10);
    expect(queue.size).toBe(100);
    clock.advance(990);
    expect(queue.size).toBe(110);
    clock.advance(2_000);
    expect(queue.size).toBe(130);
  });

  test("waits at least as long as it is told", () => {
    const clock = new ManualClock();
    const queue = queueOn(clock);
    queue.addRateLimited("a", 7_000);
    expect(clock.nextTimerMs).toBe(7_000);
  });
});

describe("groups", () => {
  const byNamespace = (key: string): readonly string[] => key.split("/").slice(0, -1);

  test("take turns", async () => {
    const queue = new WorkQueue({ name: "test", groupOf: byNamespace });
    for (const key of ["a/1", "a/2", "a/3", "b/1"]) queue.add(key);
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(["a/1", "b/1", "a/2"]);
  });

  test("a key that changed with its worker waits for its group's turn", async () => {
    const queue = new WorkQueue({ name: "test", groupOf: byNamespace });
    for (const key of ["a/1", "a/2", "b/1"]) queue.add(key);
    await queue.get();
    queue.add("a/1");
    queue.done("a/1");
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(["b/1", "a/2", "a/1"]);
  });

  test("are asked for anew each time", async () => {
    let group = "a";
    const queue = new WorkQueue({ name: "test", groupOf: (key) => (key === "moving" ? [group] : ["a"]) });
    queue.add("moving");
    await queue.get();
    for (const key of ["1", "2"]) queue.add(key);
    group = "b";
    queue.add("moving");
    queue.done("moving");
    expect([await queue.get(), await queue.get()]).toEqual(["1", "moving"]);
  });

  test("one that fails a thousand times at once does not hold back another's retry", () => {
    const clock = new ManualClock();
    const queue = new WorkQueue({ name: "test", clock, jitter: () => 0.5, groupOf: byNamespace });
    for (let index = 0; index < 1_000; index += 1) queue.addRateLimited(`busy/${index}`);
    queue.addRateLimited("calm/1");
    clock.advance(10);
    expect(queue.size).toBe(101);
    clock.advance(1_000);
    expect(queue.size).toBe(111);
  });

  test("keep their pace of retries while others come and go", () => {
    const clock = new ManualClock();
    const queue = new WorkQueue({ name: "test", clock, jitter: () => 0.5, groupOf: byNamespace });
    for (let index = 0; index < 130; index += 1) queue.addRateLimited(`busy/${index}`);
    for (let index = 0; index < 50; index += 1) queue.addRateLimited(`other-${index}/1`);
    queue.addRateLimited("busy/last");
    clock.advance(10);
    expect(queue.size).toBe(150);
    clock.advance(3_089);
    expect(queue.size).toBe(180);
    clock.advance(1);
    expect(queue.size).toBe(181);
  });
});

describe("shutDown", () => {
  test("hands out what is ready, then undefined, and refuses the rest", async () => {
    const clock = new ManualClock();
    const queue = queueOn(clock);
    queue.add("a");
    queue.addAfter("later", 10);
    queue.shutDown();
    queue.add("b");
    queue.addAfter("c", 10);
    queue.addRateLimited("d");
    clock.advance(10_000);
    expect(await queue.get()).toBe("a");
    queue.done("a");
    expect(await queue.get()).toBeUndefined();
    expect(clock.timers).toBe(0);
  });

  test("lets waiting workers go", async () => {
    const queue = queueOn();
    const waiting = [queue.get(), queue.get()];
    queue.shutDown();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
  });

  test("still hands out what changed while a worker had it", async () => {
    const queue = queueOn();
    queue.add("a");
    await queue.get();
    queue.add("a");
    queue.shutDown();
    const next = queue.get();
    queue.done("a");
    expect(await next).toBe("a");
  });
});

describe("metrics", () => {
  test("begin at 0 and count adds, retries, depth and work in hand", async () => {
    const clock = new ManualClock();
    const metrics = createMetrics();
    const queue = new WorkQueue({ name: "q", clock, metrics });
    const value = async (line: string): Promise<number> => {
      const text = await metrics.registry.metrics();
      const found = text.split("\n").find((candidate) => candidate.startsWith(`${line} `));
      return Number(found?.split(" ").at(-1));
    };
    const labels = '{name="q",controller="q"}';
    for (const name of [
      "depth",
      "adds_total",
      "retries_total",
      "unfinished_work_seconds",
      "queue_duration_seconds_count",
    ]) {
      expect([name, await value(`workqueue_${name}${labels}`)]).toEqual([name, 0]);
    }
    queue.add("a");
    queue.add("a");
    queue.add("b");
    expect(await value(`workqueue_depth${labels}`)).toBe(2);
    expect(await value(`workqueue_adds_total${labels}`)).toBe(2);
    await queue.get();
    clock.pause(3_000);
    expect(await value(`workqueue_depth${labels}`)).toBe(1);
    expect(await value(`workqueue_unfinished_work_seconds${labels}`)).toBe(3);
    expect(await value(`workqueue_longest_running_processor_seconds${labels}`)).toBe(3);
    queue.addRateLimited("a");
    queue.done("a");
    expect(await value(`workqueue_retries_total${labels}`)).toBe(1);
    expect(await value(`workqueue_work_duration_seconds_sum${labels}`)).toBe(3);
  });
});
