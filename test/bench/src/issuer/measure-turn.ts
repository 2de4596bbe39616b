import { percentile } from "../statistics.ts";
import { callsSince, countWrites, endOfAuditLog } from "./audit-calls.ts";
import { cpuSeconds, forgetPeak, peakResidentBytes } from "./process-usage.ts";
import type { TurnResult } from "./results.ts";

/** What is measured of one process while `act` runs. */
export async function measureTurn(options: {
  readonly contestant: string;
  readonly round: number;
  readonly pid: number;
  /** As the audit log names it. */
  readonly user: string;
  readonly auditLog: string;
  /** Resolves with when each certificate was asked for and when it was there, by `performance.now()`. */
  readonly act: () => Promise<readonly AskedAndReady[]>;
}): Promise<TurnResult> {
  const { contestant, round, pid, user, auditLog, act } = options;
  const logStart = await endOfAuditLog(auditLog);
  const cpuBefore = cpuSeconds(pid);
  forgetPeak(pid);
  const times = await act();
  const cpu = cpuSeconds(pid) - cpuBefore;
  const peakBytes = peakResidentBytes(pid);
  const calls = await callsSince(auditLog, logStart, user);
  const first = times.reduce((least, { askedAt }) => Math.min(least, askedAt), Infinity);
  const last = times.reduce((most, { readyAt }) => Math.max(most, readyAt), 0);
  const latencies = times.map(({ askedAt, readyAt }) => readyAt - askedAt);
  return {
    contestant,
    round,
    certificates: times.length,
    perSecond: times.length / ((last - first) / 1000),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    writesEach: countWrites(calls) / times.length,
    calls,
    cpuSeconds: cpu,
    peakBytes,
  };
}

export interface AskedAndReady {
  readonly askedAt: number;
  readonly readyAt: number;
}
