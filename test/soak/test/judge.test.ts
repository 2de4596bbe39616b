import { formatTotals } from "@capstan/test-cluster/long-run";
import { describe, expect, test } from "vitest";
import { type Findings, judge } from "../src/judge.ts";
import { PLANS } from "../src/plan.ts";

const workloads = new Set(Array.from({ length: PLANS.smoke.workloads }, (_, index) => `web-${index + 1}`));
const incident = {
  at: "",
  workload: "stray",
  anchor: "other",
  serial: "1f",
  generation: 1,
  notAfter: "",
  reason: "",
  phases: "1 Retired, 2 Active",
};
const held = (certificates: number, crls: number) => ({ at: 0, trustAnchorArn: "a", certificates, crls });

function findings(change: Partial<Findings["tally"]> = {}, rest: Partial<Omit<Findings, "tally">> = {}): Findings {
  return {
    plan: PLANS.smoke,
    retired: 2,
    failure: undefined,
    holdings: { history: [held(1, 1), held(2, 2), held(1, 1)], samples: 30 },
    tally: {
      verdicts: { accepted: 1_000, refused: 0, expired: 3, unanswered: 2 },
      fromRetired: [],
      stray: { controls: 9, acceptedControls: 9, triesAfterRetirement: 12 },
      served: new Map([1, 2].map((generation) => [generation, workloads])),
      ...change,
    },
    ...rest,
  };
}

const failedIn = (found: Findings): readonly string[] =>
  judge(found).flatMap(({ name, outcome }) => (outcome === "failed" ? [name] : []));

test("a-run-without-a-fault-passes-every-rule", () => {
  expect(failedIn(findings())).toEqual([]);
  expect(formatTotals(judge(findings()))).toBe("7 passed, 0 failed, 0 skipped");
});

describe("a run fails", () => {
  test.each<[fact: string, found: Findings, rule: string]>([
    [
      "by-one-refused-session",
      findings({ verdicts: { accepted: 99_999, refused: 1, expired: 0, unanswered: 0 } }),
      "no valid leaf was refused",
    ],
    [
      "by-no-session-at-all",
      findings({ verdicts: { accepted: 0, refused: 0, expired: 0, unanswered: 0 } }),
      "no valid leaf was refused",
    ],
    [
      "by-one-session-for-a-retired-root",
      findings({ fromRetired: [incident] }),
      "no leaf of a retired generation was accepted",
    ],
    [
      "when-no-retired-root-was-tried",
      findings({ stray: { controls: 9, acceptedControls: 9, triesAfterRetirement: 0 } }),
      "no leaf of a retired generation was accepted",
    ],
    [
      "when-what-is-tried-was-never-good",
      findings({ stray: { controls: 9, acceptedControls: 8, triesAfterRetirement: 4 } }),
      "such a leaf was accepted as long as its root was there",
    ],
    [
      "when-nothing-was-tried-while-it-was-good",
      findings({ stray: { controls: 0, acceptedControls: 0, triesAfterRetirement: 4 } }),
      "such a leaf was accepted as long as its root was there",
    ],
    [
      "by-a-third-certificate-for-a-moment",
      findings({}, { holdings: { history: [held(2, 2), held(3, 2), held(1, 1)], samples: 30 } }),
      "no trust anchor ever held a third certificate or CRL",
    ],
    [
      "by-a-third-crl",
      findings({}, { holdings: { history: [held(2, 2), held(2, 3)], samples: 30 } }),
      "no trust anchor ever held a third certificate or CRL",
    ],
    [
      "when-no-second-certificate-was-seen",
      findings({}, { holdings: { history: [held(1, 1)], samples: 30 } }),
      "no trust anchor ever held a third certificate or CRL",
    ],
    [
      "by-an-early-end",
      findings({}, { failure: "no generation has changed its phase" }),
      "the root was replaced as often as was asked for",
    ],
    ["by-too-few-rotations", findings({}, { retired: 1 }), "the root was replaced as often as was asked for"],
    [
      "by-a-workload-that-went-without-a-generation",
      findings({
        served: new Map([
          [1, workloads],
          [2, new Set(["web-1"])],
        ]),
      }),
      "every workload got a session with a leaf of every generation",
    ],
    [
      "when-more-than-one-in-a-hundred-was-not-judged",
      findings({ verdicts: { accepted: 1_000, refused: 0, expired: 0, unanswered: 11 } }),
      "sessions ended with AWS's word on the leaf",
    ],
  ])("%s", (_fact, found, rule) => {
    expect(failedIn(found)).toEqual([rule]);
  });
});
