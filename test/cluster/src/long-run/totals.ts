export const outcomes = ["passed", "failed", "skipped"] as const;
export type Outcome = (typeof outcomes)[number];

/** How something that was tried ended. */
export interface Tried {
  readonly outcome: Outcome;
}

/** `3 passed, 1 failed, 2 skipped` */
export function formatTotals(results: readonly Tried[]): string {
  return outcomes.map((outcome) => `${results.filter((one) => one.outcome === outcome).length} ${outcome}`).join(", ");
}
