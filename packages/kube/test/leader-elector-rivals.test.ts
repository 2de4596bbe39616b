import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LeaderElector } from "../src/index.ts";
import { LeaseApi } from "./lease-api.ts";
import { ManualClock } from "./manual-clock.ts";
import { capturedLog } from "./objects.ts";
import type { Exchange, Step } from "./scripted-server.ts";

// Two places for a process, one lease, and a network and scheduler that do their worst: requests and answers are late or lost, processes
// are paused, killed, stopped and started anew, and their clocks run at different speeds.

// Not round, so that the timer of the next try can be told from that of the deadline.
const retryPeriodMs = 4_999.25;

/** Knows whether its process sleeps until its next try. */
class ProcessClock extends ManualClock {
  #sleeping = 0;

  override setTimer(callback: () => void, ms: number): () => void {
    if (ms !== retryPeriodMs) return super.setTimer(callback, ms);
    this.#sleeping += 1;
    const wake = (): void => {
      this.#sleeping = 0;
    };
    const cancel = super.setTimer(() => {
      wake();
      callback();
    }, ms);
    return () => {
      wake();
      cancel();
    };
  }

  get isSleeping(): boolean {
    return this.#sleeping > 0;
  }
}

/** A process that lives for a while. */
interface Process {
  readonly elector: LeaderElector;
  readonly clock: ProcessClock;
  readonly speed: number;
  stopping: Promise<void> | undefined;
  hasEnded: boolean;
}

class World {
  readonly api: LeaseApi;
  readonly processes: (Process | undefined)[] = [undefined, undefined];
  readonly #speeds: readonly number[];
  readonly #waiting: { readonly exchange: Exchange; say?: Step }[] = [];
  readonly #past: Process[] = [];
  #started = 0;
  /** The highest epoch that anybody has led with, and who with each. */
  #highest = 0;
  readonly #leaderOf = new Map<number, string>();

  private constructor(api: LeaseApi, speeds: readonly number[]) {
    this.api = api;
    this.#speeds = speeds;
    api.always = (exchange) => void this.#waiting.push({ exchange });
  }

  static async begin(speeds: readonly number[]): Promise<World> {
    return new World(await LeaseApi.start(), speeds);
  }

  start(place: number): void {
    if (this.processes[place] !== undefined) return;
    this.#started += 1;
    const identity = `${"ab".charAt(place)}${this.#started}`;
    const clock = new ProcessClock();
    const elector = new LeaderElector({
      connection: this.api.server.connection(),
      userAgent: identity,
      namespace: "capstan-system",
      name: "issuer",
      identity,
      log: capturedLog().log,
      clock,
      jitter: () => 0,
      retryPeriodMs,
    });
    void elector.start();
    this.processes[place] = { elector, clock, speed: this.#speeds[place] ?? 1, stopping: undefined, hasEnded: false };
  }

  /** Time goes by for all; those who are paused find out later. */
  pass(ms: number, paused: readonly boolean[]): void {
    for (const [place, process] of this.processes.entries()) {
      if (process === undefined) continue;
      if (paused[place]) process.clock.pause(ms * process.speed);
      else process.clock.advance(ms * process.speed);
    }
  }

  /** What becomes of the oldest request of a place, which a process may have sent that is gone by now. */
  deliver(place: number, fate: Fate): void {
    const waiting = this.#waiting.find(({ exchange }) => senderOf(exchange).startsWith("ab".charAt(place)));
    if (waiting === undefined || fate === "is late") return;
    const { exchange } = waiting;
    if (fate !== "is lost" && fate !== "fails") waiting.say ??= this.api.take(exchange.seen);
    if (fate === "goes through, with a late answer") return;
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    if (fate === "is answered") waiting.say?.(exchange);
    else if (fate === "fails") exchange.status(500, "InternalError");
    else exchange.reset();
  }

  /** SIGTERM. */
  stop(place: number): void {
    const process = this.processes[place];
    if (process === undefined) return;
    process.stopping ??= process.elector.stop().then(() => {
      this.#bury(place, process);
    });
  }

  /** SIGKILL. What it has sent goes on its way. */
  kill(place: number): void {
    const process = this.processes[place];
    if (process !== undefined) this.#bury(place, process);
  }

  /** Waits until every process waits: for its next try, or for an answer. Processes that lost the lease end. */
  async settle(): Promise<void> {
    const isBusy = ({ elector, clock, hasEnded }: Process): boolean =>
      !hasEnded &&
      !clock.isSleeping &&
      !this.#waiting.some(({ exchange }) => !exchange.isClosed && senderOf(exchange) === elector.identity);
    for (;;) {
      for (const [place, process] of this.processes.entries()) {
        if (process?.elector.lost.aborted === true) this.#bury(place, process);
      }
      if (!this.processes.some((process) => process !== undefined && isBusy(process))) break;
      await new Promise(setImmediate);
    }
    this.#check();
  }

  async end(): Promise<void> {
    this.api.always = (exchange) => {
      exchange.status(503, "ServiceUnavailable");
    };
    for (const { exchange } of this.#waiting.splice(0)) exchange.reset();
    for (const process of this.processes) if (process !== undefined) this.#past.push(process);
    await Promise.all(this.#past.map((process) => process.stopping ?? process.elector.stop()));
    await this.api.server.close();
  }

  get leaders(): readonly LeaderElector[] {
    return this.processes.flatMap((process) => (process?.elector.isLeader === true ? [process.elector] : []));
  }

  #bury(place: number, process: Process): void {
    if (process.hasEnded) return;
    process.hasEnded = true;
    this.#past.push(process);
    if (this.processes[place] === process) this.processes[place] = undefined;
  }

  #check(): void {
    const { leaders } = this;
    expect(leaders.length).toBeLessThanOrEqual(1);
    for (const { identity, epoch = 0 } of leaders) {
      // Whoever may act is who the API server says, and nobody before acts again with an older epoch.
      expect(this.api.lease?.spec?.holderIdentity).toBe(identity);
      expect(this.api.lease?.metadata.annotations?.["capstan.dev/epoch"]).toBe(String(epoch));
      expect(epoch).toBeGreaterThanOrEqual(this.#highest);
      if (!this.#leaderOf.has(epoch)) this.#leaderOf.set(epoch, identity);
      expect(this.#leaderOf.get(epoch)).toBe(identity);
      this.#highest = epoch;
    }
  }
}

function senderOf({ seen }: Exchange): string {
  return seen.headers["user-agent"] ?? "";
}

type Fate =
  | "is answered"
  | "is late"
  | "is lost"
  | "fails"
  | "goes through, with a late answer"
  | "goes through, and its answer is lost";

const place = fc.constantFrom<number[]>(0, 1);
const bad = fc.constantFrom<Fate[]>(
  "is late",
  "is lost",
  "fails",
  "goes through, with a late answer",
  "goes through, and its answer is lost",
);
const good = fc.constant<Fate>("is answered");
// Weather that lasts: rounds of time going by and of messages being delivered.
const episode = fc.record({
  rounds: fc.integer({ min: 1, max: 9 }),
  ms: fc.constantFrom(1_000, 5_000, 5_000, 9_000),
  paused: fc.constantFrom([false, false], [false, false], [true, false], [false, true]),
  links: fc.oneof(fc.tuple(bad, good), fc.tuple(good, bad), fc.tuple(good, good), fc.tuple(bad, bad)),
});
const event = fc.oneof(
  { weight: 6, arbitrary: episode },
  { weight: 1, arbitrary: fc.record({ stop: place }) },
  { weight: 1, arbitrary: fc.record({ kill: place }) },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

async function happen(world: World, event: Event): Promise<void> {
  if ("stop" in event) world.stop(event.stop);
  else if ("kill" in event) world.kill(event.kill);
  else {
    for (const place of [0, 1]) world.start(place);
    await world.settle();
    for (let rounds = 0; rounds < event.rounds; rounds += 1) {
      world.pass(event.ms, event.paused);
      await world.settle();
      // A round trip to read and one to write.
      for (let turns = 0; turns < 2; turns += 1) {
        for (const [place, fate] of event.links.entries()) {
          world.deliver(place, fate);
          await world.settle();
        }
      }
    }
  }
  await world.settle();
}

const peace: Event = { rounds: 4, ms: 5_000, paused: [false, false], links: ["is answered", "is answered"] };
// 30 s of lease against 20 s of deadline bear clocks of which one runs not quite half as fast again.
const speeds = fc.constantFrom([1, 1], [1, 1.45], [1.45, 1], [0.7, 1]);

test("never do two lead, each epoch has one leader and they rise, whatever network, scheduler and clocks do; in peace one leads", async () => {
  await fc.assert(
    fc.asyncProperty(speeds, fc.array(event, { minLength: 4, maxLength: 12 }), async (speeds, events) => {
      const world = await World.begin(speeds);
      try {
        for (const event of [peace, ...events, peace, peace, peace, peace]) await happen(world, event);
        expect(world.leaders).toHaveLength(1);
      } finally {
        await world.end();
      }
    }),
    { numRuns: 20, endOnFailure: true },
  );
});
