import { isDeepStrictEqual } from "node:util";
import { apiVersion, type CertificateAuthority, type IssuedCertificate, issuedCertificateResource } from "@capstan/api";
import type { EventRecorder, KubeClient, KubeObject, Logger, ReadonlyStore, Reconciler } from "@capstan/kube";
import { addLiveLeaves, countRefusedLeaves, type LeafReview, type LiveLeaves } from "@capstan/policy";
import { type Issuer, type IssuerKind, issuerIdOf, issuerKinds, issuerResourceOf } from "./issuer-kinds.ts";

/** The only key of this reconciler. */
export const liveLeavesKey = "live-leaves";

/** Its own, so that it takes nothing from what the check of issuers applies. */
const fieldManager = "capstan-issuer-controller-live-leaves";
const pageSize = 500;
/** Edits come in series, and a ledger may be large: one reading answers all that were made meanwhile. */
const restMs = 60_000;

export interface LiveLeavesOptions {
  readonly client: KubeClient;
  /** Where the ledger is. */
  readonly namespace: string;
  readonly issuers: Readonly<Record<IssuerKind, ReadonlyStore<Issuer>>>;
  readonly authorities: ReadonlyStore<CertificateAuthority>;
  readonly namespaces: ReadonlyStore<KubeObject>;
  readonly proxies: readonly string[];
  readonly events: EventRecorder;
  readonly now: () => Date;
  /** Milliseconds since some fixed moment. Default: performance.now. */
  readonly monotonic?: () => number;
  readonly log: Logger;
}

interface Review {
  readonly id: string;
  readonly issuer: Issuer;
  readonly kind: IssuerKind;
  /** Generations of issuer and authority that are asked. */
  readonly state: string;
  readonly of: LeafReview;
  found: LiveLeaves;
}

/**
 * Tells, in the status of each issuer that was changed or whose authority was, how many of its live leaves it would refuse
 * now. The ledger is read once, a page at a time, for all of them together.
 */
export function liveLeavesReconciler(options: LiveLeavesOptions): Reconciler {
  /** What was asked of which issuer. In memory: a process that begins to lead reads the ledger once. */
  const reviewed = new Map<string, string>();
  const { monotonic = () => performance.now() } = options;
  let restUntil = Number.NEGATIVE_INFINITY;
  return async (_key, signal) => {
    const reviews = dueReviews(options, reviewed);
    if (reviews.size === 0) return {};
    const early = restUntil - monotonic();
    if (early > 0) return { requeueAfterMs: early };
    restUntil = monotonic() + restMs;
    let token: string | undefined;
    do {
      const { client, namespace } = options;
      const query = { namespace, limit: pageSize, continue: token, signal };
      const page = await client.list<IssuedCertificate>(issuedCertificateResource, query);
      for (const [id, records] of Map.groupBy(page.items, issuerOfRecord)) {
        const review = reviews.get(id);
        if (review !== undefined) review.found = addLiveLeaves(review.found, countRefusedLeaves(records, review.of));
      }
      token = page.continue;
    } while (token !== undefined);
    for (const review of reviews.values()) {
      await tell(options, review, signal);
      reviewed.set(review.id, review.state);
    }
    return {};
  };
}

function dueReviews(
  { issuers, authorities, namespaces, proxies, now }: LiveLeavesOptions,
  reviewed: ReadonlyMap<string, string>,
): ReadonlyMap<string, Review> {
  const all = issuerKinds.flatMap((kind) =>
    issuers[kind].list().flatMap((issuer): Review[] => {
      const { name, namespace, uid, generation, deletionTimestamp } = issuer.metadata;
      const authority = authorities.get(issuer.spec.caRef.name);
      if (authority === undefined || deletionTimestamp !== undefined) return [];
      const { spec } = issuer;
      return [
        {
          id: issuerIdOf({ kind, namespace, name }),
          issuer,
          kind,
          state: [uid, generation, authority.metadata.uid, authority.metadata.generation].join("/"),
          of: {
            issuer: { kind, name, namespace, spec },
            authority: authority.spec,
            namespaceLabels: (one) => labelsOf(namespaces.get(one)),
            proxies,
            now: now(),
          },
          found: { checked: 0, refused: 0 },
        },
      ];
    }),
  );
  return new Map(all.filter(({ id, state }) => reviewed.get(id) !== state).map((review) => [review.id, review]));
}

function labelsOf(namespace: KubeObject | undefined): Readonly<Record<string, string>> | undefined {
  return namespace === undefined ? undefined : (namespace.metadata.labels ?? {});
}

function issuerOfRecord({ spec }: IssuedCertificate): string {
  const { issuerKind, issuerName, requestNamespace } = spec;
  // A CapstanIssuer's requests count for its own namespace.
  return issuerKind === "CapstanIssuer"
    ? `${issuerKind}/${requestNamespace ?? ""}/${issuerName ?? ""}`
    : `${issuerKind ?? ""}/${issuerName ?? ""}`;
}

async function tell(
  { client, events, log }: LiveLeavesOptions,
  { issuer, kind, found }: Review,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace, generation: observedGeneration = 0 } = issuer.metadata;
  const liveLeaves = { observedGeneration, ...found };
  if (isDeepStrictEqual(issuer.status?.liveLeaves, liveLeaves)) return;
  await client.apply(
    issuerResourceOf(kind),
    {
      apiVersion,
      kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
      status: { liveLeaves },
    },
    { fieldManager, force: true, subresource: "status", signal },
  );
  const { checked, refused, example } = found;
  if (refused === 0) return;
  log.warn({ namespace, name, checked, refused }, "an issuer would refuse live leaves of its own");
  const one = example === undefined ? "" : `; one of them, in namespace ${example.namespace}: ${example.violation}`;
  events.record({
    regarding: issuer,
    type: "Warning",
    reason: "LiveLeavesRefused",
    action: "Review",
    note: `Its policy would refuse ${refused} of ${checked} live leaves if they were asked for again${one}`,
  });
}
