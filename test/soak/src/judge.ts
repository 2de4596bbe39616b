import type { Holding } from "./holdings.ts";
import type { Plan } from "./plan.ts";
import type { Result } from "./result.ts";
import type { Tally } from "./tally.ts";

/** What a run has led to. */
export interface Findings {
  readonly plan: Plan;
  /** Generations whose roots are gone. */
  readonly retired: number;
  /** Why the run ended early. */
  readonly failure: string | undefined;
  readonly tally: Pick<Tally, "verdicts" | "fromRetired" | "stray" | "served">;
  readonly holdings: { readonly history: readonly Holding[]; readonly samples: number };
}

/** Sessions in a hundred that may end without AWS having judged the leaf, on a busy machine. */
const unansweredPercent = 1;

/** What must hold of every run. */
const RULES: readonly {
  readonly name: string;
  readonly judge: (findings: Findings) => { readonly holds: boolean; readonly note: string };
}[] = [
  {
    name: "the root was replaced as often as was asked for",
    judge: ({ plan, retired, failure }) => ({
      holds: retired >= plan.rotations && failure === undefined,
      note: `${retired} of ${plan.rotations} rotations${failure === undefined ? "" : `: ${failure}`}`,
    }),
  },
  {
    name: "no valid leaf was refused",
    judge: ({ tally: { verdicts } }) => ({
      holds: verdicts.refused === 0 && verdicts.accepted > 0,
      note: `${verdicts.refused} refused, ${verdicts.accepted} accepted`,
    }),
  },
  {
    name: "no leaf of a retired generation was accepted",
    judge: ({ tally: { fromRetired, stray } }) => ({
      holds: fromRetired.length === 0 && stray.triesAfterRetirement > 0,
      note: `${fromRetired.length} accepted, ${stray.triesAfterRetirement} tries by leaves whose root was valid by its dates`,
    }),
  },
  {
    name: "such a leaf was accepted as long as its root was there",
    judge: ({ tally: { stray } }) => ({
      holds: stray.controls > 0 && stray.acceptedControls === stray.controls,
      note: `${stray.acceptedControls} of ${stray.controls}`,
    }),
  },
  {
    name: "no trust anchor ever held a third certificate or CRL",
    judge: ({ holdings: { history, samples } }) => {
      const [certificates, crls] = [mostOf(history, "certificates"), mostOf(history, "crls")];
      return {
        // Two of each are there in every rotation; less means that nothing was seen.
        holds: certificates === 2 && crls === 2,
        note: `at most ${certificates} certificates and ${crls} CRLs in ${samples} samples, one after each write`,
      };
    },
  },
  {
    name: "every workload got a session with a leaf of every generation",
    judge: ({ plan, retired, tally: { served } }) => {
      const generations = Array.from({ length: retired }, (_, index) => index + 1);
      const lacking = generations.filter((generation) => served.get(generation)?.size !== plan.workloads);
      return {
        holds: retired > 0 && lacking.length === 0,
        note: lacking.length === 0 ? `${retired} generations` : `not of generation ${lacking.join(", ")}`,
      };
    },
  },
  {
    name: "sessions ended with AWS's word on the leaf",
    judge: ({ tally: { verdicts } }) => {
      const all = Object.values(verdicts).reduce((sum, count) => sum + count, 0);
      return {
        holds: verdicts.unanswered * 100 <= all * unansweredPercent,
        note: `${verdicts.unanswered} of ${all} without, ${verdicts.expired} of leaves that had just ended`,
      };
    },
  },
];

export function judge(findings: Findings): readonly Result[] {
  return RULES.map(({ name, judge: rule }) => {
    const { holds, note } = rule(findings);
    return { name, outcome: holds ? "passed" : "failed", note };
  });
}

function mostOf(history: readonly Holding[], what: "certificates" | "crls"): number {
  return Math.max(0, ...history.map((holding) => holding[what]));
}
