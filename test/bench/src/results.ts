import type { CheckResultOfBench } from "./measure-check.ts";
import type { CrlResult } from "./measure-crl.ts";
import type { HandoverResult } from "./measure-handover.ts";
import type { LeavesResult, MadeCertificate } from "./measure-leaves.ts";
import type { Target } from "./targets.ts";

/** What the JSON holds. Parts that were not run are empty. */
export interface BenchResults {
  readonly date: string;
  readonly size: "full" | "smoke";
  readonly machine: { readonly cores: number; readonly node: string; readonly openssl: string };
  readonly leaves: readonly LeavesResult[];
  readonly handover: readonly HandoverResult[];
  readonly crl: readonly CrlResult[];
  readonly check: readonly CheckResultOfBench[];
  readonly targets: readonly Target[];
  readonly certificates: readonly MadeCertificate[];
}
