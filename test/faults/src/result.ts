const outcomes = ["passed", "failed", "skipped"] as const;
export type Outcome = (typeof outcomes)[number];

/** How one case or one rule ended. */
export interface Result {
  /** `directed` or `random` of the issuer, `publisher` or `mutants` of the publisher. */
  readonly run: string;
  readonly name: string;
  readonly outcome: Outcome;
  /** Why it failed or was skipped, or what was counted. */
  readonly note?: string;
}

/** `3 passed, 1 failed, 2 skipped` */
export function formatTotals(results: readonly Result[]): string {
  return outcomes.map((outcome) => `${results.filter((one) => one.outcome === outcome).length} ${outcome}`).join(", ");
}
