import type { Check, Finding, Group } from "./check.ts";
import type { FindingId } from "./findings.ts";
import { Unreadable } from "./unreadable.ts";
import type { World } from "./world.ts";

export type Result = "Passed" | "Failed" | "Skipped";

/** A finding, and the one that it follows from. */
export interface Diagnosis extends Omit<Finding, "explainedBy"> {
  readonly followsFrom?: FindingId;
}

/** One check with what came of it. Printed as it is by `-o json` and `-o yaml`. */
export interface CheckedResult {
  readonly check: string;
  readonly group: Group;
  readonly title: string;
  readonly reads: string;
  readonly result: Result;
  readonly findings: readonly Diagnosis[];
  /** Why it was skipped. */
  readonly reason?: string;
}

/**
 * Makes the checks one after the other. A finding that an earlier one explains is marked as following from it, so that what
 * is left unmarked are causes.
 *
 * @throws what a check throws beyond what cannot be read
 */
export async function runChecks(checks: readonly Check[], world: World): Promise<readonly CheckedResult[]> {
  const results: CheckedResult[] = [];
  for (const check of checks) {
    const { id, group, title, reads } = check;
    const named = { check: id, group, title, reads };
    const blocker = results.find(
      (earlier) => check.needs?.includes(earlier.check) === true && earlier.result === "Failed",
    );
    if (blocker !== undefined) {
      results.push({
        ...named,
        result: "Skipped",
        findings: [],
        reason: `cannot be made while ${blocker.check} fails`,
      });
      continue;
    }
    const observed = await observe(check, world);
    if ("unseen" in observed) {
      results.push({ ...named, result: "Skipped", findings: [], reason: observed.unseen });
      continue;
    }
    const findings = observed.map((finding) => diagnose(finding, check, results));
    results.push({ ...named, result: findings.length === 0 ? "Passed" : "Failed", findings });
  }
  return results;
}

async function observe(check: Check, world: World): Promise<Awaited<ReturnType<Check["run"]>>> {
  try {
    return await check.run(world);
  } catch (error) {
    if (error instanceof Unreadable) return { unseen: error.message };
    throw error;
  }
}

function diagnose({ explainedBy, ...finding }: Finding, check: Check, earlier: readonly CheckedResult[]): Diagnosis {
  const explaining = explainedBy ?? check.after ?? [];
  const cause = earlier
    .filter(({ check: id }) => explaining.includes(id))
    .flatMap(({ findings }) => findings)
    .find(
      ({ authority }) => authority === undefined || finding.authority === undefined || authority === finding.authority,
    );
  // What explains it may itself follow from something: that is where to begin.
  return cause === undefined ? finding : { ...finding, followsFrom: cause.followsFrom ?? cause.id };
}

/** Everything found: causes in the order of the checks, then what follows from them. */
export function diagnosesOf(results: readonly CheckedResult[]): readonly Diagnosis[] {
  const all = results.flatMap(({ findings }) => findings);
  return [
    ...all.filter(({ followsFrom }) => followsFrom === undefined),
    ...all.filter(({ followsFrom }) => followsFrom !== undefined),
  ];
}
