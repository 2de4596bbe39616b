import { setTimeout as delay } from "node:timers/promises";
import type { Environment } from "./environment.ts";
import type { Moment } from "./fault-proxy.ts";
import { leaseDurationMs, type Replica } from "./replica.ts";
import { createRequest, type PlannedRequest, planRequest, requestNamespace, risingDuration } from "./requests.ts";
import { type SeededRandom, seededRandom } from "./seeded-random.ts";

export interface RandomOptions {
  readonly requests: number;
  /** At least so many, spread over the requests. */
  readonly kills: number;
  readonly seed: number;
  readonly log: (line: string) => void;
}

/** What a random run leaves behind. */
export interface RandomRun {
  readonly planned: readonly PlannedRequest[];
  readonly kills: number;
  /** Of these, at a call of the issue path. */
  readonly killsAtCalls: number;
  readonly starts: number;
}

/**
 * A leader dies at one of its first so many calls of the issue path, and early more often than late: each power of two
 * is as likely as the next. It asks the ledger about all that waits before it signs, and a leaf costs two to four calls.
 */
const mostCalls = 1024;
/** A standby looks at the lease every half second to a second, so it learns a little late that it ran out. */
const leaseLooksMs = 1_000;
/** A replica that died before it was ready tells only that starting takes longer. */
const settleGrowth = 1.5;
/** A third of an hour: every third request raises the mark. */
const durationStepMs = 1_200_000;
/** Nobody has got a leaf for so long: something is stuck. */
const stallMs = 300_000;
const progressMs = 10_000;
const pollMs = 50;

/**
 * Creates requests while both replicas are killed at random, by a call that is counted out or by the clock, whichever
 * comes first, and started again at once; until all requests have ended and there were kills enough. New requests come
 * in step with the kills, so that each kill finds some in the middle.
 *
 * @throws Error when no request ends for five minutes
 */
export async function runRandom(environment: Environment, options: RandomOptions): Promise<RandomRun> {
  const { client, replicas, wire } = environment;
  const { requests, kills: leastKills, seed, log } = options;
  const planned: PlannedRequest[] = [];
  const startsBefore = sum(replicas.map(({ starts }) => starts));
  const killsBefore = sum(replicas.map(({ kills }) => kills));
  const killsSoFar = (): number => sum(replicas.map(({ kills }) => kills)) - killsBefore;
  const endedSoFar = (): number => planned.filter(({ name }) => wire.ended.has(`${requestNamespace}/${name}`)).length;
  const tally = { killsAtCalls: 0 };
  const over = new AbortController();

  const create = async (): Promise<void> => {
    for (let index = 0; index < requests; index += 1) {
      const request = await planRequest(`random-${index}`, risingDuration(index, durationStepMs));
      // Two kills ahead: there is always something to do.
      while (index > (requests * (killsSoFar() + 2)) / leastKills) {
        if (over.signal.aborted) return;
        await delay(pollMs);
      }
      await createRequest(client, request);
      planned.push(request);
    }
  };
  const watch = async (): Promise<void> => {
    let [best, bestAt, toldAt] = [0, performance.now(), 0];
    while (planned.length < requests || endedSoFar() < requests || killsSoFar() < leastKills) {
      const ended = endedSoFar();
      const now = performance.now();
      if (ended > best) [best, bestAt] = [ended, now];
      if (now - toldAt > progressMs) {
        log(`${killsSoFar()} kills, ${planned.length} requests made, ${ended} of ${requests} ended`);
        toldAt = now;
      }
      if (now - bestAt > stallMs && ended < requests) {
        throw await replicas[0].failure(`no request has ended for ${stallMs / 1_000} s, ${requests - ended} are left`);
      }
      await delay(pollMs);
    }
  };
  const lives = replicas.map((replica) => liveAndDie(replica, seededRandom(seed, replica.name), tally, over.signal));
  try {
    await Promise.race([Promise.all([create(), watch()]), Promise.all(lives)]);
  } finally {
    over.abort();
    await Promise.all(lives);
  }
  return {
    planned,
    kills: killsSoFar(),
    killsAtCalls: tally.killsAtCalls,
    starts: sum(replicas.map(({ starts }) => starts)) - startsBefore,
  };
}

/** One replica's lives, until it is over; then it stops in order. */
async function liveAndDie(
  replica: Replica,
  random: SeededRandom,
  tally: { killsAtCalls: number },
  over: AbortSignal,
): Promise<void> {
  // How long a start takes here is known after the first; until then a guess.
  let settleMs = 2_000;
  while (!over.aborted) {
    const bornAt = performance.now();
    const moment: Moment = random() < 0.5 ? "before" : "after";
    let callsLeft = Math.floor(mostCalls ** random());
    const lifeShare = random();
    let isSettled = false;
    await replica.start((call) => {
      if (call.group === "lease" && !isSettled) {
        isSettled = true;
        settleMs = performance.now() - bornAt;
      }
      if (call.group !== "issue" || (callsLeft -= 1) !== 0) return undefined;
      tally.killsAtCalls += 1;
      return moment;
    });
    // Half of the lives are long enough to start and to see the lease of a dead leader run out, however busy the machine.
    const lifeMs = lifeShare * 2 * (settleMs + leaseDurationMs + leaseLooksMs);
    const end = AbortSignal.any([over, AbortSignal.timeout(Math.ceil(lifeMs))]);
    await replica.ended(end);
    if (!isSettled) settleMs *= settleGrowth;
    if (!over.aborted) await replica.kill();
  }
  await replica.stop();
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
