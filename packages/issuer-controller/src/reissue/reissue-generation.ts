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
import { replaceLeaf, type ReplaceLeafOptions } from "./replace-leaf.ts";

const pageSize = 500;
/** As for revoked leaves: a thousand renewals or restarts at once would be an outage of their own. */
const perSecond = 2;
const burst = 5;
/** What was begun is looked at again after so long: there may be hundreds. */
const pollMs = 30_000;

export interface GenerationReissueOptions extends ReplaceLeafOptions {
  /** Where the ledger is. */
  readonly namespace: string;
  readonly authorities: ReadonlyStore<CertificateAuthority>;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
}

type Generation = NonNullable<NonNullable<CertificateAuthority["status"]>["generations"]>[number];

/** The re-issue of one generation. It is in memory alone: what holds the leaves says how far it has come. */
interface Round {
  /** By record; when to look at each, on the monotonic clock. */
  readonly waiting: Map<string, { readonly record: IssuedCertificate; lookAt: number }>;
  replaced: number;
  /** Why leaves cannot be replaced by anything but a person. */
  readonly impossible: string[];
}

/**
 * Replaces everything that a generation has issued, once that is ordered in the authority's status: no faster than two a
 * second, and only while another generation issues. Who takes over begins anew and finds what is replaced already.
 */
export function generationReissueReconciler(options: GenerationReissueOptions): Reconciler {
  const { authorities, clock } = options;
  const rounds = new Map<string, Round>();
  const pace = new TokenBucket({ perSecond, burst, clock });
  return async (name, signal) => {
    const authority = authorities.get(name);
    if (authority === undefined || !canIssue(authority)) return {};
    const waits: number[] = [];
    for (const generation of ordered(authority, options.now().getTime())) {
      const id = [authority.metadata.uid, generation.number, generation.reissueOrderedAt].join("/");
      const round = rounds.get(id) ?? (await begin(options, authority, generation, pace, signal));
      rounds.set(id, round);
      const waitMs = await advance(options, { authority, generation, round }, signal);
      if (waitMs !== undefined) waits.push(waitMs);
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
  { client, namespace, now, clock, log }: GenerationReissueOptions,
  { metadata: { name } }: CertificateAuthority,
  { number }: Generation,
  pace: TokenBucket,
  signal: AbortSignal,
): Promise<Round> {
  const round: Round = { waiting: new Map(), replaced: 0, impossible: [] };
  let token: string | undefined;
  do {
    const query = { namespace, labelSelector: `${authorityLabel}=${name}`, limit: pageSize, continue: token, signal };
    const page = await client.list<IssuedCertificate>(issuedCertificateResource, query);
    for (const record of page.items) {
      const { generation, owner, notAfter } = record.spec;
      if (generation !== number || owner === undefined || Date.parse(notAfter) <= now().getTime()) continue;
      // Of its bytes most are the certificate.
      const kept = { ...record, spec: { ...record.spec, certificate: "" } };
      round.waiting.set(record.metadata.name, { record: kept, lookAt: clock.monotonic() + pace.reserve() });
    }
    token = page.continue;
  } while (token !== undefined);
  log.info({ authority: name, generation: number, leaves: round.waiting.size }, "re-issuing a generation");
  return round;
}

/** @returns when to look again; undefined when everything was replaced that can be */
async function advance(
  options: GenerationReissueOptions,
  of: { readonly authority: CertificateAuthority; readonly generation: Generation; readonly round: Round },
  signal: AbortSignal,
): Promise<number | undefined> {
  const { clock } = options;
  const { authority, generation, round } = of;
  if (round.waiting.size === 0) return undefined;
  const asker = `the re-issue of generation ${generation.number} of CertificateAuthority ${authority.metadata.name}`;
  for (const [name, entry] of round.waiting) {
    if (entry.lookAt > clock.monotonic()) continue;
    // The root is replaced, not the leaf's own key.
    const leaf = { record: entry.record, reason: "superseded", asker } as const;
    const { state, message } = await replaceLeaf(options, leaf, signal);
    if (state === "Done" || state === "Impossible") round.waiting.delete(name);
    else entry.lookAt = clock.monotonic() + pollMs;
    if (state === "Done") round.replaced += 1;
    if (state === "Impossible") round.impossible.push(`${entry.record.spec.requestNamespace ?? ""}: ${message}`);
  }
  if (round.waiting.size === 0) {
    tell(options, of);
    return undefined;
  }
  const next = Math.min(...[...round.waiting.values()].map(({ lookAt }) => lookAt));
  return Math.max(0, next - clock.monotonic());
}

function tell(
  { events, log }: GenerationReissueOptions,
  {
    authority,
    generation: { number },
    round: { replaced, impossible },
  }: { readonly authority: CertificateAuthority; readonly generation: Generation; readonly round: Round },
): void {
  const [example] = impossible;
  const left = example === undefined ? "" : `; ${impossible.length} need a person, one of them in namespace ${example}`;
  log.info({ authority: authority.metadata.name, generation: number, replaced, impossible }, "re-issued a generation");
  events.record({
    regarding: authority,
    type: example === undefined ? "Normal" : "Warning",
    reason: example === undefined ? "GenerationReissued" : "GenerationReissuedInPart",
    action: "Reissue",
    note: `What holds leaves of generation ${number} was renewed or restarted: ${replaced}${left}`,
  });
}
