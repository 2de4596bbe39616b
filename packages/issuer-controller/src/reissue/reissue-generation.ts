import {
  authorityLabel,
  type CertificateAuthority,
  type IssuedCertificate,
  issuedCertificateResource,
  parseDuration,
} from "@capstan/api";
import {
  type Clock,
  type EventRecorder,
  type Logger,
  type ReadonlyStore,
  type Reconciler,
  TokenBucket,
} from "@capstan/kube";
import { hasEnded } from "./decide-reissue.ts";
import { describeRest, reissuePace, ReissueRound } from "./reissue-round.ts";
import type { ReplaceLeafOptions } from "./replace-leaf.ts";

const pageSize = 500;

export interface GenerationReissueOptions extends ReplaceLeafOptions {
  /** Where the ledger is. */
  readonly namespace: string;
  readonly authorities: ReadonlyStore<CertificateAuthority>;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
}

type Generation = NonNullable<NonNullable<CertificateAuthority["status"]>["generations"]>[number];

/**
 * Replaces everything that a generation has issued, once that is ordered in the authority's status: no faster than two a
 * second, and only while another generation issues. Who takes over begins anew and finds what is replaced already.
 */
export function generationReissueReconciler(options: GenerationReissueOptions): Reconciler {
  const { authorities, clock } = options;
  const rounds = new Map<string, ReissueRound>();
  /** What of a round was told: that nothing is left but what waits for something, then that all is over. */
  const told = new Map<string, "stuck" | "over">();
  const pace = new TokenBucket({ ...reissuePace, clock });
  return async (name, signal) => {
    const authority = authorities.get(name);
    if (authority === undefined || !canIssue(authority)) return {};
    const waits: number[] = [];
    for (const generation of ordered(authority, options.now().getTime())) {
      const id = [authority.metadata.uid, generation.number, generation.reissueOrderedAt].join("/");
      const round = rounds.get(id) ?? (await begin(options, authority, generation, pace, signal));
      rounds.set(id, round);
      const waitMs = await round.advance(signal);
      if (waitMs !== undefined) waits.push(waitMs);
      const isWorthTelling = waitMs === undefined ? round.leaves > 0 : round.isStuck;
      const what = waitMs === undefined ? "over" : "stuck";
      if (!isWorthTelling || told.get(id) === what) continue;
      told.set(id, what);
      tell(options, { authority, generation, round });
    }
    return waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) };
  };
}

/** Nothing is taken from anybody before there is another leaf to be had. */
function canIssue({ status }: CertificateAuthority): boolean {
  const isReady = status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") === true;
  return isReady && status?.frozen === undefined;
}

/** What was ordered longer ago than any leaf lives is over. */
function ordered({ spec, status }: CertificateAuthority, now: number): readonly Generation[] {
  const longestMs = parseDuration(spec.maxLeafDuration);
  return (status?.generations ?? []).filter(
    ({ number, reissueOrderedAt }) =>
      reissueOrderedAt !== undefined &&
      number !== status?.activeGeneration &&
      Date.parse(reissueOrderedAt) + longestMs > now,
  );
}

async function begin(
  options: GenerationReissueOptions,
  { metadata: { name } }: CertificateAuthority,
  { number }: Generation,
  pace: TokenBucket,
  signal: AbortSignal,
): Promise<ReissueRound> {
  const { client, namespace, now, log } = options;
  const asker = `the re-issue of generation ${number} of CertificateAuthority ${name}`;
  // The root is replaced, not the leaf's own key.
  const round = new ReissueRound({ ...options, pace, reason: "superseded", asker });
  let token: string | undefined;
  do {
    const query = { namespace, labelSelector: `${authorityLabel}=${name}`, limit: pageSize, continue: token, signal };
    const page = await client.list<IssuedCertificate>(issuedCertificateResource, query);
    for (const record of page.items) {
      const { generation, owner } = record.spec;
      if (generation !== number || owner === undefined || hasEnded(record, now().getTime())) continue;
      round.add(record);
    }
    token = page.continue;
  } while (token !== undefined);
  log.info({ authority: name, generation: number, leaves: round.leaves }, "re-issuing a generation");
  return round;
}

function tell(
  { events, log }: GenerationReissueOptions,
  {
    authority,
    generation: { number },
    round,
  }: { readonly authority: CertificateAuthority; readonly generation: Generation; readonly round: ReissueRound },
): void {
  const { replaced, impossible, obstacles } = round;
  const fields = { authority: authority.metadata.name, generation: number, replaced, impossible, obstacles };
  log.info(fields, "re-issued a generation");
  const left = describeRest(round);
  events.record({
    regarding: authority,
    type: left === "" ? "Normal" : "Warning",
    reason: left === "" ? "GenerationReissued" : "GenerationReissuedInPart",
    action: "Reissue",
    note: `What holds leaves of generation ${number} was renewed or restarted: ${replaced}${left}`,
  });
}
