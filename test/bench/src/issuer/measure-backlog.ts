import { say } from "@capstan/test-cluster/long-run";
import type { BenchCluster } from "./bench-cluster.ts";
import type { IssuerContestant } from "./contestants.ts";
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

/** What answers requests while it runs. */
export interface BacklogContestant {
  readonly name: string;
  /** As the API server's audit log names it. */
  readonly user: string;
  /** Resolves when it is ready. */
  readonly start: (requests: Watched) => Promise<{ readonly pid: number; readonly end: () => Promise<void> }>;
}

/** An issuer finds its requests by itself. It is not killed: only a process that ends in good order writes its profile, and gives its lease back. */
export function issuer({ name, user, start }: IssuerContestant): BacklogContestant {
  return {
    name,
    user,
    start: async () => {
      const process = await start();
      return { pid: process.pid, end: () => endGently(process) };
    },
  };
}

/** Starts the contestant, and lets it answer requests that appear at once: some to warm up, then each size. */
export async function measureBacklog(contestant: BacklogContestant, turn: BacklogTurn): Promise<TurnResult[]> {
  const { bench, requests, waiting, warmUp, sizes, round } = turn;
  const process = await contestant.start(requests);
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
    await process.end();
    await clear(bench, requests);
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
  say(`${contestant}, ${certificates}: ${figures}`);
}
