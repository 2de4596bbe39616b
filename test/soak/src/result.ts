import type { Tried } from "@capstan/test-cluster/long-run";

/** How one rule ended. */
export interface Result extends Tried {
  readonly name: string;
  /** What was counted. */
  readonly note: string;
}
