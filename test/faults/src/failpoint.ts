import type { ApiCall, CallGroup } from "./api-call.ts";
import type { Moment } from "./fault-proxy.ts";

/**
 * waiting: the request is there when the replica starts, and another start of the same replica goes on. leading: it is
 * made while the replica leads, and the standby goes on.
 */
export type Scenario = "waiting" | "leading";
export const scenarios: readonly Scenario[] = ["waiting", "leading"];

/** One outbound call at which something happens to the replica that makes it. */
export interface Failpoint {
  readonly scenario: Scenario;
  readonly call: string;
  /** The first, second, … of its name. */
  readonly nth: number;
  readonly group: CallGroup;
  readonly moment: Moment;
}

/** `leading: create issuedcertificates #1` */
export function formatCall({ scenario, call, nth }: Omit<Failpoint, "moment">): string {
  return `${scenario}: ${call} #${nth}`;
}

/** What matters most comes first: a run that is cut short has tried it. */
export const groups: readonly CallGroup[] = ["issue", "lease", "cache"];

const writes = /^(?:create|update|patch) /;

/** The failpoints of a recording, by group and then in the order of the calls. */
export function listFailpoints(scenario: Scenario, calls: readonly ApiCall[]): readonly Failpoint[] {
  const counted = new Map<string, number>();
  const seen = calls.flatMap(({ name: call, group }): Failpoint[] => {
    const nth = (counted.get(call) ?? 0) + 1;
    counted.set(call, nth);
    if (group !== "issue") {
      // While it leads already, the caches are as they are.
      if (scenario === "leading") return [];
      // Renewals and resumed watches go on for ever; each is like the one before. The first update takes the lease.
      if (nth > (call === "update leases" ? 2 : 1)) return [];
    }
    const point = { scenario, call, nth, group };
    const moments: readonly Moment[] = ["before", "after"];
    // A write that comes late meets what the standby has done meanwhile; a read only tells what is so by then.
    const isLateTold = scenario === "leading" && group === "issue" && writes.test(call);
    return [...moments, ...(isLateTold ? (["late"] as const) : [])].map((moment) => ({ ...point, moment }));
  });
  return groups.flatMap((group) => seen.filter((one) => one.group === group));
}
