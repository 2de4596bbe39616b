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
}

/** Checks each request as often as `passes` says, going round, after one pass that is not counted. */
export function measureCheck(
  algorithm: LeafKeyAlgorithm,
  requests: readonly BenchRequest[],
  passes: number,
): CheckResultOfBench {
  const times: number[] = [];
  for (let pass = -1; pass < passes; pass += 1) {
    for (const { pem } of requests) {
      const begun = performance.now();
      const checked = checkCertificationRequest(pem);
      const elapsedUs = (performance.now() - begun) * 1000;
      if (!checked.ok) throw new Error(formatViolations(checked.violations));
      if (pass >= 0) times.push(elapsedUs);
    }
  }
  return {
    algorithm,
    checks: times.length,
    distinctRequests: requests.length,
    p50Us: percentile(times, 0.5),
    p99Us: percentile(times, 0.99),
    maxUs: percentile(times, 1),
  };
}
