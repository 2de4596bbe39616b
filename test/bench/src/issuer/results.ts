import type { Target } from "../targets.ts";
import type { Calls } from "./audit-calls.ts";

/** One contestant's turn. */
export interface TurnResult {
  readonly contestant: string;
  readonly round: number;
  readonly certificates: number;
  /** From the first request or Certificate that is there to the last that is Ready. */
  readonly perSecond: number;
  /** From being there to being Ready, milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** What the API server has written for the contestant, for each certificate. Leases are not counted. */
  readonly writesEach: number;
  readonly calls: Calls;
  /** Of the contestant's process alone. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

export interface MemoryResult {
  readonly requests: number;
  /** All of them wait when the controller starts, until all are answered. */
  readonly answeringPeakBytes: number;
  /** All of them are answered when it starts, until it is ready. */
  readonly answeredPeakBytes: number;
}

export interface IssuerResults {
  readonly date: string;
  readonly commit: string;
  readonly size: "full" | "smoke";
  readonly machine: {
    readonly cores: number;
    readonly node: string;
    readonly loadBefore: number;
    readonly loadAfter: number;
  };
  readonly backlog: readonly TurnResult[];
  readonly certificates: readonly TurnResult[];
  readonly memory: readonly MemoryResult[];
  readonly targets: readonly Target[];
}
