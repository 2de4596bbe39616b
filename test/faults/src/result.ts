import type { Tried } from "@capstan/test-cluster/long-run";

/** How one case or one rule ended. */
export interface Result extends Tried {
  /** `directed` or `random` of the issuer, `publisher` or `mutants` of the publisher. */
  readonly run: string;
  readonly name: string;
  /** Why it failed or was skipped, or what was counted. */
  readonly note?: string;
}
