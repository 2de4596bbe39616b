import { checkCertificationRequest, formatViolations, type LeafKeyAlgorithm } from "@capstan/ca-core";
import type { BenchRequest } from "./requests.ts";
import { percentile } from "./statistics.ts";

/** How long the strict check of a request blocks the event loop. */
export interface CheckResultOfBench {
  readonly algorithm: LeafKeyAlgorithm;
  readonly checks: number;
  readonly distinctRequests: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /**
   * p99 over the distinct requests of the shortest time that each took: what is left when no other program came in
   * between. A request that is slow by itself is slow here too.
   */
  readonly undisturbedP99Us: number;
}

/** Checks each request as often as `passes` says, going round, after one pass that is not counted. */
export function measureCheck(
  algorithm: LeafKeyAlgorithm,
  requests: readonly BenchRequest[],
  passes: number,
): CheckResultOfBench {
  const times: number[] = [];
  const shortest = requests.map(() => Number.POSITIVE_INFINITY);
  for (let pass = -1; pass < passes; pass += 1) {
    for (const [index, { pem }] of requests.entries()) {
      const begun = performance.now();
      const checked = checkCertificationRequest(pem);
      const elapsedUs = (performance.now() - begun) * 1000;
      if (!checked.ok) throw new Error(formatViolations(checked.violations));
      if (pass < 0) continue;
      times.push(elapsedUs);
      shortest[index] = Math.min(shortest[index] ?? 0, elapsedUs);
    }
  }
  return {
    algorithm,
    checks: times.length,
    distinctRequests: requests.length,
    p50Us: percentile(times, 0.5),
    p99Us: percentile(times, 0.99),
    maxUs: percentile(times, 1),
    undisturbedP99Us: percentile(shortest, 0.99),
  };
}
