import { isDeepStrictEqual } from "node:util";

/** What was planned of one thing, and what somebody read. */
export interface Comparison {
  readonly label: string;
  readonly planned: unknown;
  readonly read: unknown;
}

const MAX_SHOWN = 3;

/** The first few that differ, by label, for an assertion whose message stays readable among thousands. */
export function differences(comparisons: readonly Comparison[]): {
  readonly planned: Readonly<Record<string, unknown>>;
  readonly read: Readonly<Record<string, unknown>>;
} {
  const differing = comparisons.filter(({ planned, read }) => !isDeepStrictEqual(planned, read)).slice(0, MAX_SHOWN);
  return {
    planned: Object.fromEntries(differing.map(({ label, planned }) => [label, planned])),
    read: Object.fromEntries(differing.map(({ label, read }) => [label, read])),
  };
}
