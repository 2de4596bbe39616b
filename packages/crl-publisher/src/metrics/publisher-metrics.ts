import type { CertificateAuthority, RevocationList } from "@capstan/api";
import { ownCommonName } from "@capstan/ca-core";
import {
  createMetricsOf,
  type MetricsOf,
  type ReadonlyStore,
  type RuntimeMetrics,
  type SignatureIntent,
  type SignatureResult,
} from "@capstan/kube";
import { statusOfAnchor } from "../anchors/status-of-anchor.ts";
import type { AnchorStatus } from "../authority/authority-parts.ts";
import { heededAnchors } from "./heeded-anchors.ts";

type Phase = NonNullable<NonNullable<CertificateAuthority["status"]>["generations"]>[number]["phase"];

/** Every metric of the publisher's own. */
export const publisherMetricTable = {
  capstan_crl_number: {
    type: "gauge",
    labels: ["authority", "generation"],
    help: "Number of the newest CRL that was checked and stored.",
  },
  capstan_crl_this_update_timestamp_seconds: {
    type: "gauge",
    labels: ["authority", "generation"],
    help: "When that CRL was made, in seconds since 1970.",
    alert: "older than 2 hours: it is made anew each hour",
  },
  capstan_crl_next_update_timestamp_seconds: {
    type: "gauge",
    labels: ["authority", "generation"],
    help: "When that CRL ends, in seconds since 1970.",
    alert: "less than 15 days away, half of its life",
  },
  capstan_crl_entries: { type: "gauge", labels: ["authority", "generation"], help: "Revoked serials that it names." },
  capstan_crl_bytes_ratio: {
    type: "gauge",
    labels: ["authority", "generation"],
    help: "Part of what AWS takes, or the RevocationList, that the next CRL fills: 1 is full.",
    alert: "0.6; at 0.8 reasons are left out, at 0.95 only key compromises are taken in",
  },
  capstan_crl_waiting: {
    type: "gauge",
    labels: ["authority", "generation"],
    help: "Revoked certificates that the CRL has no room for.",
    alert: "above 0: they are not revoked in AWS; revoke the generation",
  },
  capstan_crl_publish_lag_seconds: {
    type: "gauge",
    labels: ["authority", "generation", "anchor"],
    help: "How old the CRL in the trust anchor is while there is a newer one, or the root that it is of while none is there and enabled; 0 when the newest was read back.",
    alert: "above 300 for 5 minutes",
  },
  capstan_blocked_public_keys: {
    type: "gauge",
    labels: ["authority", "generation"],
    help: "Public keys that no certificate is issued for any more, by the list that holds them.",
    alert: "above 400: a list takes 500",
  },
  capstan_authority_condition: {
    type: "gauge",
    labels: ["authority", "type", "reason"],
    help: "1 when the condition of the CertificateAuthority is True, 0 when it is False or Unknown; of the present reason alone.",
    alert:
      "0 of Ready, TrustAnchorsInSync, CRLCurrent or CRLCapacity for 15 minutes; 1 of Drift, at once when the reason is UnknownCertificate",
  },
  capstan_generation_not_after_timestamp_seconds: {
    type: "gauge",
    labels: ["authority", "generation"],
    help: "End of the generation's root, in seconds since 1970.",
    alert: "no rotation under way and less than the lead time left",
  },
  capstan_generation_phase: {
    type: "gauge",
    labels: ["authority", "generation", "phase"],
    help: "1 for the phase that the generation is in, 0 for the others.",
  },
  capstan_generation_phase_since_timestamp_seconds: {
    type: "gauge",
    labels: ["authority", "generation"],
    help: "Since when it has been in that phase, in seconds since 1970.",
    alert: "Pending or Published for more than a day",
  },
  capstan_generation_mark_timestamp_seconds: {
    type: "gauge",
    labels: ["authority", "generation"],
    help: "The generation's mark at the leader's last look, in seconds since 1970: no leaf of it ends later.",
  },
  capstan_generation_mark_sealed: {
    type: "gauge",
    labels: ["authority", "generation"],
    help: "1 when the mark was sealed at the leader's last look, so that the generation signs nothing new, 0 while it is open.",
  },
  capstan_trust_anchor_in_sync: {
    type: "gauge",
    labels: ["authority", "anchor"],
    help: "1 when the trust anchor was last read back as it should be, 0 when it was not.",
    alert: "0 for 15 minutes",
  },
  capstan_trust_anchor_read_timestamp_seconds: {
    type: "gauge",
    labels: ["authority", "anchor"],
    help: "When the trust anchor was last read back, in seconds since 1970.",
    alert: "older than 30 minutes",
  },
  capstan_intent_unfinished: {
    type: "gauge",
    labels: ["authority"],
    help: "1 while an intent to remove a root is stored that was not carried out yet.",
    alert: "1 for 15 minutes",
  },
  capstan_clock_skew_seconds: {
    type: "gauge",
    labels: ["source"],
    help: "How far the clock of the API server (kubernetes) or of AWS (aws) is ahead of ours.",
    alert: "beyond 300 either way: rotation stops",
  },
  capstan_signatures_total: {
    type: "counter",
    labels: ["authority", "generation", "purpose", "result"],
    help: "Signatures (result Signed, or Failed) of roots (purpose Root), CRLs (CRL), the leaf that each CRL revokes (Sentinel), and other leaves of Capstan's own (OwnLeaf), since the process started.",
    alert: "Failed above 0; more OwnLeaf than a few an hour for each trust anchor: somebody refuses them",
  },
  capstan_revocations_total: {
    type: "counter",
    labels: ["outcome"],
    help: "Revocations by what became of them: the reason of their condition Accepted.",
  },
} as const;

const phases: readonly Phase[] = ["Pending", "Published", "Active", "Draining", "Retired", "Destroyed", "Abandoned"];

/** What the metrics are read from at each scrape. */
export interface PublisherState {
  readonly authorities: Pick<ReadonlyStore<CertificateAuthority>, "list">;
  readonly lists: Pick<ReadonlyStore<RevocationList>, "list">;
  /** Other clocks, each in milliseconds since 1970, or undefined when it has not been heard for a while. */
  readonly clocks: Readonly<Record<"kubernetes" | "aws", () => number | undefined>>;
  readonly now: () => Date;
}

export interface PublisherMetrics {
  /** Counts what became of a Revocation: the reason of its condition Accepted. */
  readonly revocation: (outcome: string) => void;
  /** Counts a signature by what it was for. */
  readonly signature: (signature: SignatureIntent, result: SignatureResult) => void;
  /** Takes the marks of an authority as they were read live. */
  readonly marks: (authority: string, marks: readonly SeenMark[]) => void;
}

/** The mark of a generation. */
export interface SeenMark {
  readonly generation: number;
  /** RFC 3339. */
  readonly notAfter: string;
  readonly sealed: boolean;
}

/**
 * Makes the metrics of {@link publisherMetricTable}. All but the counters are read at each scrape from what status says, so
 * that replicas agree, and what is gone is told no more.
 */
export function createPublisherMetrics(
  runtime: Pick<RuntimeMetrics, "registry" | "onScrape">,
  state: PublisherState,
): PublisherMetrics {
  const metrics = createMetricsOf(publisherMetricTable, runtime);
  const { capstan_revocations_total: revocations, capstan_signatures_total: signatures, ...gauges } = metrics;
  const marks = new Map<string, readonly SeenMark[]>();
  runtime.onScrape(() => {
    for (const gauge of Object.values(gauges)) gauge.reset();
    for (const authority of state.authorities.list()) {
      showAuthority(gauges, authority, state.now().getTime());
      showMarks(gauges, authority.metadata.name, marks.get(authority.metadata.name) ?? []);
    }
    for (const list of state.lists.list()) showList(gauges, list);
    for (const [source, clock] of Object.entries(state.clocks)) {
      const time = clock();
      if (time === undefined) continue;
      gauges.capstan_clock_skew_seconds.set({ source }, (time - state.now().getTime()) / 1000);
    }
  });
  return {
    revocation: (outcome) => revocations.inc({ outcome }),
    signature: (signature, result) => {
      const { authority, generation } = signature;
      signatures.inc({ authority, generation: String(generation), purpose: purposeOf(signature), result });
    },
    marks: (authority, seen) => void marks.set(authority, seen),
  };
}

/** The leaf that a CRL is made with is told apart: one comes with each CRL, the others when a session is wanted. */
function purposeOf({ purpose, subject, authority }: SignatureIntent): string {
  return purpose === "OwnLeaf" && subject === `CN=${ownCommonName("crl", authority)}` ? "Sentinel" : purpose;
}

type Gauges = Omit<MetricsOf<typeof publisherMetricTable>, "capstan_revocations_total" | "capstan_signatures_total">;

function showAuthority(gauges: Gauges, known: CertificateAuthority, now: number): void {
  const { metadata, status } = known;
  const authority = metadata.name;
  for (const { type, status: value, reason } of status?.conditions ?? [])
    gauges.capstan_authority_condition.set({ authority, type, reason }, Number(value === "True"));
  gauges.capstan_intent_unfinished.set({ authority }, Number(status?.removalIntent !== undefined));
  for (const { number, phase, phaseSince, notAfter } of status?.generations ?? []) {
    const labels = { authority, generation: String(number) };
    for (const one of phases) gauges.capstan_generation_phase.set({ ...labels, phase: one }, Number(one === phase));
    setTime(gauges.capstan_generation_phase_since_timestamp_seconds, labels, phaseSince);
    setTime(gauges.capstan_generation_not_after_timestamp_seconds, labels, notAfter);
  }
  for (const spec of heededAnchors(known)) {
    const anchor = statusOfAnchor(known, spec);
    if (anchor !== undefined) showAnchor(gauges, known, anchor, now);
  }
}

function showAnchor(
  gauges: Gauges,
  { metadata: { name: authority }, status }: CertificateAuthority,
  { name: anchor, state, joined, readAt, bundle = [], crls = [] }: AnchorStatus,
  now: number,
): void {
  gauges.capstan_trust_anchor_in_sync.set({ authority, anchor }, Number(joined));
  setTime(gauges.capstan_trust_anchor_read_timestamp_seconds, { authority, anchor }, readAt);
  // Nobody gets in by an anchor that is disabled, whatever was revoked.
  if (state === "Disabled") return;
  for (const { number, crl: newest, fingerprint, notBefore } of status?.generations ?? []) {
    if (newest === undefined || fingerprint === undefined || !bundle.includes(fingerprint)) continue;
    const held = crls.find(({ generation, enabled }) => generation === number && enabled !== false);
    // Not the age of the newest: where AWS refuses each, the next one would make that begin anew.
    const since = held?.thisUpdate ?? notBefore ?? newest.thisUpdate;
    const lag = held !== undefined && held.number >= newest.number ? 0 : (now - Date.parse(since)) / 1000;
    gauges.capstan_crl_publish_lag_seconds.set({ authority, generation: String(number), anchor }, lag);
  }
}

function showMarks(gauges: Gauges, authority: string, marks: readonly SeenMark[]): void {
  for (const { generation, notAfter, sealed } of marks) {
    const labels = { authority, generation: String(generation) };
    setTime(gauges.capstan_generation_mark_timestamp_seconds, labels, notAfter);
    gauges.capstan_generation_mark_sealed.set(labels, Number(sealed));
  }
}

function showList(gauges: Gauges, { spec, status }: RevocationList): void {
  const labels = { authority: spec.authority, generation: String(spec.generation) };
  const { published, capacity } = status ?? {};
  gauges.capstan_blocked_public_keys.set(labels, spec.blockedKeys?.length ?? 0);
  if (published !== undefined) {
    gauges.capstan_crl_number.set(labels, published.number);
    gauges.capstan_crl_entries.set(labels, published.entries);
    setTime(gauges.capstan_crl_this_update_timestamp_seconds, labels, published.thisUpdate);
    setTime(gauges.capstan_crl_next_update_timestamp_seconds, labels, published.nextUpdate);
  }
  if (capacity === undefined) return;
  gauges.capstan_crl_bytes_ratio.set(labels, capacity.percent / 100);
  gauges.capstan_crl_waiting.set(labels, capacity.waiting ?? 0);
}

function setTime<Labels extends object>(
  gauge: { readonly set: (labels: Labels, value: number) => void },
  labels: Labels,
  time: string | undefined,
): void {
  if (time !== undefined) gauge.set(labels, Date.parse(time) / 1000);
}
