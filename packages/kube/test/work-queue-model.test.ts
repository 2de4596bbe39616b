import * as fc from "fast-check";
import { expect, test } from "vitest";
import { WorkQueue } from "../src/index.ts";
import { ManualClock } from "./manual-clock.ts";

// Runs any order of calls against the queue, and against what it promises, told as simply as possible.

const keys = ["a1", "a2", "a3", "b1", "b2", "c1"] as const;
const groupOf = (key: string): string => key.charAt(0);

/** What is called on a queue. */
interface Callable {
  add(key: string): void;
  addAfter(key: string, delayMs: number): void;
  addRateLimited(key: string, leastMs: number): void;
  forget(key: string): void;
  get(): void;
  done(key: string): void;
  advance(ms: number): void;
  shutDown(): void;
  clear(): void;
}

/** The promise. */
class Model implements Callable {
  nowMs = 0;
  isShutDown = false;
  /** Added, and not handed out since. */
  readonly dirty = new Set<string>();
  /** With a worker. */
  readonly held = new Set<string>();
  /** Groups in the order of their turns, each with its keys that are dirty and not held. */
  ready: { readonly group: string; readonly keys: string[] }[] = [];
  /** Key → when it will be added. */
  readonly due = new Map<string, number>();
  readonly failures = new Map<string, number>();
  waitingWorkers = 0;
  /** What workers were given, in order. */
  readonly given: (string | undefined)[] = [];

  add(key: string): void {
    if (this.isShutDown || this.dirty.has(key)) return;
    this.dirty.add(key);
    if (!this.held.has(key)) this.#makeReady(key);
  }

  addAfter(key: string, delayMs: number): void {
    if (this.isShutDown) return;
    if (delayMs === 0) return this.add(key);
    const at = this.nowMs + delayMs;
    if ((this.due.get(key) ?? Number.POSITIVE_INFINITY) <= at) return;
    this.due.delete(key);
    this.due.set(key, at);
  }

  addRateLimited(key: string, leastMs: number): void {
    if (this.isShutDown) return;
    const failures = this.failures.get(key) ?? 0;
    this.failures.set(key, failures + 1);
    this.addAfter(key, Math.max(leastMs, 0.75 * 5 * 2 ** failures));
  }

  forget(key: string): void {
    this.failures.delete(key);
  }

  get(): void {
    this.waitingWorkers += 1;
    this.#handOut();
  }

  done(key: string): void {
    this.held.delete(key);
    if (this.dirty.has(key)) this.#makeReady(key);
    this.#handOut();
  }

  advance(ms: number): void {
    const end = this.nowMs + ms;
    const ringing = [...this.due].filter(([, at]) => at <= end).sort(([, one], [, other]) => one - other);
    for (const [key, at] of ringing) {
      this.nowMs = at;
      this.due.delete(key);
      this.add(key);
    }
    this.nowMs = end;
  }

  shutDown(): void {
    this.isShutDown = true;
    this.due.clear();
    this.#handOut();
  }

  clear(): void {
    this.dirty.clear();
    this.ready = [];
    this.#handOut();
  }

  get size(): number {
    return this.ready.reduce((sum, turn) => sum + turn.keys.length, 0);
  }

  get isDrained(): boolean {
    return this.isShutDown && this.held.size === 0 && this.size === 0;
  }

  #makeReady(key: string): void {
    const turn = this.ready.find(({ group }) => group === groupOf(key));
    if (turn === undefined) this.ready.push({ group: groupOf(key), keys: [key] });
    else turn.keys.push(key);
    this.#handOut();
  }

  #handOut(): void {
    while (this.waitingWorkers > 0) {
      const turn = this.ready.shift();
      const key = turn?.keys.shift();
      if (turn !== undefined && turn.keys.length > 0) this.ready.push(turn);
      if (key === undefined && !this.isDrained) return;
      this.waitingWorkers -= 1;
      this.given.push(key);
      if (key === undefined) continue;
      this.dirty.delete(key);
      this.held.add(key);
    }
  }
}

/** The queue, with its clock and its workers. */
class Subject implements Callable {
  readonly clock = new ManualClock();
  readonly given: (string | undefined)[] = [];
  isDrained = false;
  readonly #queue = new WorkQueue({
    name: "t",
    clock: this.clock,
    jitter: () => 0.5,
    groupOf: (key) => [groupOf(key)],
  });

  constructor() {
    void this.#queue.whenDrained().then(() => (this.isDrained = true));
  }

  get size(): number {
    return this.#queue.size;
  }

  failures(key: string): number {
    return this.#queue.failures(key);
  }

  add(key: string): void {
    this.#queue.add(key);
  }

  addAfter(key: string, delayMs: number): void {
    this.#queue.addAfter(key, delayMs);
  }

  addRateLimited(key: string, leastMs: number): void {
    this.#queue.addRateLimited(key, leastMs);
  }

  forget(key: string): void {
    this.#queue.forget(key);
  }

  get(): void {
    void this.#queue.get().then((key) => this.given.push(key));
  }

  done(key: string): void {
    this.#queue.done(key);
  }

  advance(ms: number): void {
    this.clock.advance(ms);
  }

  shutDown(): void {
    this.#queue.shutDown();
  }

  clear(): void {
    this.#queue.clear();
  }
}

/** One call, made to both; then both must look alike. */
class Call implements fc.AsyncCommand<Model, Subject> {
  readonly #name: string;
  readonly #make: (both: Callable) => void;

  constructor(name: string, make: (both: Callable) => void) {
    this.#name = name;
    this.#make = make;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, subject: Subject): Promise<void> {
    this.#make(subject);
    this.#make(model);
    await compare(model, subject);
  }

  toString(): string {
    return this.#name;
  }
}

/** A worker ends with the n-th of the keys in work, counted in a circle. */
class Done implements fc.AsyncCommand<Model, Subject> {
  readonly #index: number;

  constructor(index: number) {
    this.#index = index;
  }

  check(model: Readonly<Model>): boolean {
    return model.held.size > 0;
  }

  async run(model: Model, subject: Subject): Promise<void> {
    const key = [...model.held][this.#index % model.held.size] ?? "";
    subject.done(key);
    model.done(key);
    await compare(model, subject);
  }

  toString(): string {
    return `done(${this.#index})`;
  }
}

async function compare(model: Model, subject: Subject): Promise<void> {
  await new Promise(setImmediate);
  expect(subject.given).toEqual(model.given);
  const look = { size: subject.size, timers: subject.clock.timers, isDrained: subject.isDrained };
  expect(look).toEqual({ size: model.size, timers: model.due.size, isDrained: model.isDrained });
  expect(keys.map((key) => subject.failures(key))).toEqual(keys.map((key) => model.failures.get(key) ?? 0));
}

const key = fc.constantFrom(...keys);
const delay = fc.nat({ max: 60 });
const calls = [
  key.map((key) => new Call(`add(${key})`, (both) => both.add(key))),
  fc.tuple(key, delay).map(([key, ms]) => new Call(`addAfter(${key}, ${ms})`, (both) => both.addAfter(key, ms))),
  fc
    .tuple(key, fc.constantFrom(0, 0, 25))
    .map(([key, ms]) => new Call(`addRateLimited(${key}, ${ms})`, (both) => both.addRateLimited(key, ms))),
  key.map((key) => new Call(`forget(${key})`, (both) => both.forget(key))),
  fc.constant(new Call("get()", (both) => both.get())),
  fc.nat({ max: 5 }).map((index) => new Done(index)),
  delay.map((ms) => new Call(`advance(${ms})`, (both) => both.advance(ms))),
  fc.constant(new Call("clear()", (both) => both.clear())),
];
const shutDown = fc.constant(new Call("shutDown()", (both) => both.shutDown()));

test.each<[string, readonly fc.Arbitrary<fc.AsyncCommand<Model, Subject>>[]]>([
  ["at work", calls],
  ["that may be shut down at any moment", [...calls, shutDown]],
])(
  "a queue %s gives each key in its turn, to one worker, and loses none, whatever the order of calls",
  async (_, some) => {
    await fc.assert(
      fc.asyncProperty(fc.commands([...some], { maxCommands: 60 }), async (commands) => {
        const [model, subject] = [new Model(), new Subject()];
        await fc.asyncModelRun(() => ({ model, real: subject }), commands);
        // Let every delay pass and every worker end: whatever is owed comes, and then nothing more.
        for (const both of [model, subject]) both.advance(1_000_000);
        while (model.size > 0 || model.held.size > 0) {
          const [busy] = model.held;
          for (const both of [model, subject]) {
            if (busy === undefined) both.get();
            else both.done(busy);
          }
          await compare(model, subject);
        }
        expect([model.dirty.size, model.due.size]).toEqual([0, 0]);
      }),
      { numRuns: 150 },
    );
  },
);
