const outcomes = ["passed", "failed", "skipped"] as const;
export type Outcome = (typeof outcomes)[number];

/** How one rule ended. */
export interface Result {
  readonly name: string;
  readonly outcome: Outcome;
  /** What was counted. */
  readonly note: string;
}

/** `3 passed, 1 failed, 2 skipped` */
export function formatTotals(results: readonly Result[]): string {
  return outcomes.map((outcome) => `${results.filter((one) => one.outcome === outcome).length} ${outcome}`).join(", ");
}
