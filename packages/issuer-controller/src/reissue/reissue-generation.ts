import {
  authorityLabel,
  type CertificateAuthority,
  type IssuedCertificate,
  issuedCertificateResource,
  parseDuration,
} from "@capstan/api";
import type { EventRecorder, KubeClient, Logger, ReadonlyStore, Reconciler } from "@capstan/kube";
import { hasEnded } from "./decide-reissue.ts";
import type { LeafReplacements } from "./leaf-replacements.ts";
import { describeRest, ReissueRound } from "./reissue-round.ts";

const pageSize = 500;
/** So often it is looked whether there is something to tell. */
const tellEveryMs = 5_000;

export interface GenerationReissueOptions {
  readonly client: KubeClient;
  /** Where the ledger is. */
  readonly namespace: string;
  readonly authorities: ReadonlyStore<CertificateAuthority>;
  readonly replacements: LeafReplacements;
  readonly events: EventRecorder;
  readonly now: () => Date;
  /** Has an authority looked at again: nothing is left to replace. */
  readonly wake: (name: string) => void;
  readonly log: Logger;
}

type Generation = NonNullable<NonNullable<CertificateAuthority["status"]>["generations"]>[number];

interface Round {
  readonly leaves: ReissueRound;
  /** What was told: that nothing is left but what waits for something, then that all is over. */
  told?: "stuck" | "over";
}

/**
 * Has everything replaced that a generation has issued, once that is ordered in the authority's status, and only while
 * another generation issues. Who takes over begins anew and finds what is replaced already.
 */
export function generationReissueReconciler(options: GenerationReissueOptions): Reconciler {
  const { authorities } = options;
  /** By authority, then by order. */
  const rounds = new Map<string, Map<string, Round>>();
  return async (name, signal) => {
    const authority = authorities.get(name);
    const generations = authority === undefined ? [] : ordered(authority, options.now().getTime());
    const known = rounds.get(name) ?? new Map<string, Round>();
    const isOrdered = new Set(generations.map((generation) => idOf(authority, generation)));
    const mayReplace = authority !== undefined && canIssue(authority);
    for (const [id, { leaves }] of known) {
      if (!mayReplace || !isOrdered.has(id)) leaves.stop();
      if (!isOrdered.has(id)) known.delete(id);
    }
    if (known.size === 0) rounds.delete(name);
    if (!mayReplace || generations.length === 0) return {};
    rounds.set(name, known);
    let isOver = true;
    for (const generation of generations) {
      const id = idOf(authority, generation);
      const round = known.get(id) ?? { leaves: await begin(options, authority, generation, signal) };
      known.set(id, round);
      round.leaves.goOn();
      tellIfNew(options, authority, generation, round);
      isOver &&= round.leaves.isOver;
    }
    return isOver ? {} : { requeueAfterMs: tellEveryMs };
  };
}

function idOf(authority: CertificateAuthority | undefined, { number, reissueOrderedAt }: Generation): string {
  return [authority?.metadata.uid, number, reissueOrderedAt].join("/");
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
  signal: AbortSignal,
): Promise<ReissueRound> {
  const { client, namespace, replacements, now, wake, log } = options;
  const asker = `the re-issue of generation ${number} of CertificateAuthority ${name}`;
  // The root is replaced, not the leaf's own key.
  const order = { reason: "superseded", asker, isAdministrators: true } as const;
  const round = new ReissueRound({ ...order, replacements, onOver: () => wake(name) });
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

function tellIfNew(
  { events, log }: GenerationReissueOptions,
  authority: CertificateAuthority,
  { number }: Generation,
  round: Round,
): void {
  const { leaves } = round;
  const isWorthTelling = leaves.isOver ? leaves.leaves > 0 : leaves.isStuck;
  const what = leaves.isOver ? "over" : "stuck";
  if (!isWorthTelling || round.told === what) return;
  round.told = what;
  const { replaced, impossible, obstacles } = leaves;
  const fields = { authority: authority.metadata.name, generation: number, replaced, impossible, obstacles };
  log.info(fields, "re-issued a generation");
  const left = describeRest(leaves);
  events.record({
    regarding: authority,
    type: left === "" ? "Normal" : "Warning",
    reason: left === "" ? "GenerationReissued" : "GenerationReissuedInPart",
    action: "Reissue",
    note: `What holds leaves of generation ${number} was renewed or restarted: ${replaced}${left}`,
  });
}
