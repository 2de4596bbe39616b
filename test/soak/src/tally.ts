import type { Anchor } from "./aws.ts";
import type { HeldLeaf } from "./held-leaf.ts";
import type { Verdict } from "./session-verdict.ts";

/** A CreateSession and how it ended. Times are milliseconds since 1970 of the run's time. */
export interface SessionResult {
  readonly workload: string;
  readonly anchor: Anchor;
  readonly leaf: HeldLeaf;
  /** Of the leaf. */
  readonly generation: number | undefined;
  readonly askedAt: number;
  readonly answeredAt: number;
  /** Of all generations when it was asked for. */
  readonly phases: string;
  readonly verdict: Verdict;
  /** What was said, when it was not accepted. */
  readonly reason: string;
}

/** A session that should have ended otherwise. */
export interface Incident {
  readonly at: string;
  readonly workload: string;
  readonly anchor: string;
  readonly serial: string;
  readonly generation: number | undefined;
  readonly notAfter: string;
  readonly reason: string;
  readonly phases: string;
}

/** Sessions of one workload role in a stretch of time, for the plot. */
export interface SessionBucket {
  readonly accepted: number;
  readonly refused: number;
}

const bucketMs = 60_000;
/** More are counted, and not kept one by one. */
const keptIncidents = 1_000;

/** Everything that is counted. */
export class Tally {
  readonly verdicts: Record<Verdict, number> = { accepted: 0, refused: 0, expired: 0, unanswered: 0 };
  /** Valid leaves that were refused, the first thousand. */
  readonly refusals: Incident[] = [];
  /** Sessions that ended without AWS having judged the leaf, the first thousand. */
  readonly unanswered: Incident[] = [];
  /** Leaves of a retired generation that got a session. */
  readonly fromRetired: Incident[] = [];
  /** Sessions that a leaf behind the ledger's back asked for: while its root was in the anchors, and after that. */
  readonly stray = { controls: 0, acceptedControls: 0, triesAfterRetirement: 0 };
  /** How long each leaf took from asking to having it, in real milliseconds. */
  readonly renewalsMs: number[] = [];
  failedRenewals = 0;
  /** Rounds in which a workload had no valid leaf. */
  withoutLeaf = 0;
  /** Workloads that got a session with a leaf of the generation, by generation. */
  readonly served = new Map<number, Set<string>>();
  readonly #buckets = new Map<number, SessionBucket>();

  session(result: SessionResult, isRetired: boolean): void {
    const { verdict, askedAt, generation, workload } = result;
    this.verdicts[verdict] += 1;
    const bucket = Math.floor(askedAt / bucketMs) * bucketMs;
    const { accepted, refused } = this.#buckets.get(bucket) ?? { accepted: 0, refused: 0 };
    this.#buckets.set(bucket, {
      accepted: accepted + (verdict === "accepted" ? 1 : 0),
      refused: refused + (verdict === "refused" ? 1 : 0),
    });
    if (verdict === "refused") keep(this.refusals, incidentOf(result));
    if (verdict === "unanswered") keep(this.unanswered, incidentOf(result));
    if (verdict !== "accepted" || generation === undefined) return;
    if (isRetired) keep(this.fromRetired, incidentOf(result));
    const served = this.served.get(generation) ?? new Set();
    this.served.set(generation, served.add(workload));
  }

  get leaves(): number {
    return this.renewalsMs.length;
  }

  /** Of the time that leaves took: the share of 0 to 1 that was not slower. Real milliseconds. */
  renewalMs(share: number): number {
    const sorted = this.renewalsMs.toSorted((left, right) => left - right);
    return Math.round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0);
  }

  /** By their beginning, in milliseconds since 1970 of the run's time, each a minute long. */
  get buckets(): readonly (SessionBucket & { readonly at: number })[] {
    return [...this.#buckets].map(([at, bucket]) => ({ at, ...bucket })).toSorted((left, right) => left.at - right.at);
  }
}

export function incidentOf(result: Omit<SessionResult, "verdict">): Incident {
  const { workload, anchor, leaf, generation, askedAt, phases, reason } = result;
  return {
    at: new Date(askedAt).toISOString(),
    workload,
    anchor: anchor.name,
    serial: leaf.serial,
    generation,
    notAfter: new Date(leaf.notAfter).toISOString(),
    reason,
    phases,
  };
}

function keep(list: Incident[], incident: Incident): void {
  if (list.length < keptIncidents) list.push(incident);
}
