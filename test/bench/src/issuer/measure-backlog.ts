import { progress } from "../progress.ts";
import type { BenchCluster } from "./bench-cluster.ts";
import type { IssuerContestant } from "./contestants.ts";
import { startFloor } from "./floor.ts";
import { type AskedAndReady, measureTurn } from "./measure-turn.ts";
import type { TurnResult } from "./results.ts";
import { removeRequests, type WaitingRequests } from "./waiting-requests.ts";
import type { Watched } from "./watched.ts";

export interface BacklogTurn {
  readonly bench: BenchCluster;
  readonly requests: Watched;
  readonly waiting: WaitingRequests;
  readonly warmUp: number;
  readonly sizes: readonly number[];
  readonly round: number;
}

/** Starts the contestant, and lets it answer requests that appear at once: some to warm up, then each size. */
export async function measureBacklog(contestant: IssuerContestant, turn: BacklogTurn): Promise<TurnResult[]> {
  const { bench, requests, waiting, warmUp, sizes, round } = turn;
  const process = await contestant.start();
  try {
    const answer = async (count: number): Promise<readonly AskedAndReady[]> => {
      const askedAt = await waiting.put(count);
      await requests.count(count, "ready");
      return [...askedAt].map(([name, at]) => ({ askedAt: at, readyAt: requests.readyAt(name) }));
    };
    await answer(warmUp);
    const results: TurnResult[] = [];
    for (const size of sizes) {
      await clear(bench, requests);
      const { name, user } = contestant;
      const shared = { contestant: name, round, pid: process.pid, user, auditLog: bench.cluster.auditLog };
      const result = await measureTurn({ ...shared, act: () => answer(size) });
      tell(result);
      results.push(result);
    }
    return results;
  } finally {
    // Not killed: only a process that ends in good order writes its profile, and gives its lease back.
    await endGently(process);
    await clear(bench, requests);
  }
}

/** The same for what costs least: it is told what is there, and writes ready-made answers. */
export async function measureFloor(user: string, turn: BacklogTurn): Promise<TurnResult[]> {
  const { bench, requests, waiting, warmUp, sizes, round } = turn;
  const floor = await startFloor(bench);
  try {
    const results: TurnResult[] = [];
    for (const size of [warmUp, ...sizes]) {
      await waiting.put(size);
      await requests.count(size, "there");
      const write = await floor.prepare(requests.list());
      const act = async (): Promise<readonly AskedAndReady[]> => {
        const askedAt = performance.now();
        await write();
        await requests.count(size, "ready");
        return requests.list().map(({ metadata }) => ({ askedAt, readyAt: requests.readyAt(metadata.name) }));
      };
      const result = await measureTurn({
        contestant: "floor",
        round,
        pid: floor.pid,
        user,
        auditLog: bench.cluster.auditLog,
        act,
      });
      if (size !== warmUp) {
        tell(result);
        results.push(result);
      }
      await clear(bench, requests);
    }
    return results;
  } finally {
    await floor.stop();
  }
}

async function clear({ etcd }: BenchCluster, requests: Watched): Promise<void> {
  await removeRequests(etcd);
  await requests.count(0, "there");
}

/** SIGTERM, and SIGKILL when that takes too long. */
export async function endGently(started: {
  readonly pid: number;
  readonly ending: () => string | undefined;
  readonly kill: () => Promise<void>;
}): Promise<void> {
  if (started.ending() === undefined) process.kill(started.pid, "SIGTERM");
  const deadline = performance.now() + 30_000;
  while (started.ending() === undefined && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await started.kill();
}

function tell({ contestant, certificates, perSecond, writesEach, cpuSeconds }: TurnResult): void {
  const figures = `${perSecond.toFixed(0)} a second, ${writesEach.toFixed(2)} writes each, ${cpuSeconds.toFixed(1)} s of CPU`;
  progress(`${contestant}, ${certificates}: ${figures}`);
}
