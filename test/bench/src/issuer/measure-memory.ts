import { say } from "@capstan/test-cluster/long-run";
import type { BenchCluster } from "./bench-cluster.ts";
import type { IssuerContestant } from "./contestants.ts";
import { endGently } from "./measure-backlog.ts";
import { peakResidentBytes } from "./process-usage.ts";
import type { MemoryResult } from "./results.ts";
import { removeRequests, type WaitingRequests } from "./waiting-requests.ts";
import type { Watched } from "./watched.ts";

/** The peak of the contestant's memory from its start on, with so many requests in the cluster. */
export async function measureMemory(
  contestant: IssuerContestant,
  run: {
    readonly bench: BenchCluster;
    readonly requests: Watched;
    readonly waiting: WaitingRequests;
    readonly count: number;
  },
): Promise<MemoryResult> {
  const { bench, requests, waiting, count } = run;
  await waiting.put(count);
  await requests.count(count, "there");
  const answeringPeakBytes = await peakUntil(contestant, () => requests.count(count, "ready"));
  say(`memory: all ${count} answered`);
  // Ready means that its caches are filled.
  const answeredPeakBytes = await peakUntil(contestant, async () => {});
  await removeRequests(bench.etcd);
  await requests.count(0, "there");
  return { requests: count, answeringPeakBytes, answeredPeakBytes };
}

async function peakUntil(contestant: IssuerContestant, done: () => Promise<void>): Promise<number> {
  const process = await contestant.start();
  try {
    await done();
    return peakResidentBytes(process.pid);
  } finally {
    await endGently(process);
  }
}
