import type { CertificateAuthority } from "@capstan/api";
import type { RuntimeMetrics } from "@capstan/kube";
import type { CrlCapacity } from "../crl/crl-capacity.ts";
import { createMetricsOf } from "./metric-table.ts";

type Phase = NonNullable<NonNullable<CertificateAuthority["status"]>["generations"]>[number]["phase"];

/** Every metric of the publisher's own. Only the leader sets them: sum or take the maximum over replicas. */
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
    help: "From the making of the newest CRL to its reading back from the trust anchor; while that is to come, until now.",
    alert: "above 300",
  },
  capstan_generation_not_after_timestamp_seconds: {
    type: "gauge",
    labels: ["authority", "generation"],
    help: "End of the generation's root, in seconds since 1970.",
    alert: "no rotation under way and less than the lead time left",
  },
  capstan_generation_mark_timestamp_seconds: {
    type: "gauge",
    labels: ["authority", "generation"],
    help: "A time at or after the end of everything that the generation has signed, in seconds since 1970.",
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
  capstan_trust_anchor_in_sync: {
    type: "gauge",
    labels: ["authority", "anchor"],
    help: "1 when the trust anchor was read back as it should be, 0 when it was not or could not be.",
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
  capstan_revocations_total: {
    type: "counter",
    labels: ["outcome"],
    help: "Revocations by what became of them: the reason of their condition Accepted.",
  },
} as const;

const phases: readonly Phase[] = ["Pending", "Published", "Active", "Draining", "Retired", "Destroyed", "Abandoned"];

interface GenerationRef {
  readonly authority: string;
  readonly generation: number;
}

/** Sets the metrics of {@link publisherMetricTable}. Times are Dates or milliseconds since 1970. */
export interface PublisherMetrics {
  /** The newest CRL of a generation. */
  crl(
    of: GenerationRef,
    crl: {
      readonly number: bigint;
      readonly thisUpdate: Date;
      readonly nextUpdate: Date;
      readonly serials: ReadonlySet<string>;
      readonly capacity?: CrlCapacity | undefined;
    },
  ): void;
  /** @param lagMs from the making of the newest CRL to its reading back */
  publishLag(of: GenerationRef & { readonly anchor: string }, lagMs: number): void;
  generation(
    of: GenerationRef,
    state: {
      readonly phase: Phase;
      readonly since?: number | undefined;
      readonly notAfter?: number | undefined;
      readonly mark?: number | undefined;
    },
  ): void;
  anchor(
    of: { readonly authority: string; readonly anchor: string },
    state: { readonly inSync: boolean; readonly readAt?: number | undefined },
  ): void;
  intentUnfinished(authority: string, isUnfinished: boolean): void;
  /** @param skewMs how far the other clock is ahead */
  clockSkew(source: "kubernetes" | "aws", skewMs: number): void;
  /** @param outcome the reason of the condition Accepted */
  revocation(outcome: string): void;
  /** Forgets an authority that is gone, which would otherwise look as it was for ever. */
  forget(authority: string): Promise<void>;
}

export function createPublisherMetrics(runtime: Pick<RuntimeMetrics, "registry">): PublisherMetrics {
  const metrics = createMetricsOf(publisherMetricTable, runtime);
  const labelsOf = ({ authority, generation: number }: GenerationRef): { authority: string; generation: string } => ({
    authority,
    generation: String(number),
  });
  return {
    crl(of, { number, thisUpdate, nextUpdate, serials, capacity }) {
      const labels = labelsOf(of);
      metrics.capstan_crl_number.set(labels, Number(number));
      metrics.capstan_crl_this_update_timestamp_seconds.set(labels, thisUpdate.getTime() / 1000);
      metrics.capstan_crl_next_update_timestamp_seconds.set(labels, nextUpdate.getTime() / 1000);
      metrics.capstan_crl_entries.set(labels, serials.size);
      if (capacity === undefined) return;
      metrics.capstan_crl_bytes_ratio.set(labels, capacity.fill);
      metrics.capstan_crl_waiting.set(labels, capacity.waiting);
    },
    publishLag(of, lagMs) {
      metrics.capstan_crl_publish_lag_seconds.set({ ...labelsOf(of), anchor: of.anchor }, lagMs / 1000);
    },
    generation(of, { phase, since, notAfter, mark }) {
      const labels = labelsOf(of);
      for (const one of phases) metrics.capstan_generation_phase.set({ ...labels, phase: one }, Number(one === phase));
      if (since !== undefined) metrics.capstan_generation_phase_since_timestamp_seconds.set(labels, since / 1000);
      if (notAfter !== undefined) metrics.capstan_generation_not_after_timestamp_seconds.set(labels, notAfter / 1000);
      if (mark !== undefined) metrics.capstan_generation_mark_timestamp_seconds.set(labels, mark / 1000);
    },
    anchor({ authority, anchor }, { inSync, readAt }) {
      metrics.capstan_trust_anchor_in_sync.set({ authority, anchor }, Number(inSync));
      if (readAt !== undefined)
        metrics.capstan_trust_anchor_read_timestamp_seconds.set({ authority, anchor }, readAt / 1000);
    },
    intentUnfinished(authority, isUnfinished) {
      metrics.capstan_intent_unfinished.set({ authority }, Number(isUnfinished));
    },
    clockSkew(source, skewMs) {
      metrics.capstan_clock_skew_seconds.set({ source }, skewMs / 1000);
    },
    revocation(outcome) {
      metrics.capstan_revocations_total.inc({ outcome });
    },
    async forget(authority) {
      for (const metric of Object.values(metrics)) {
        const { values } = await metric.get();
        for (const { labels } of values as readonly { readonly labels: Readonly<Record<string, string>> }[])
          if (labels["authority"] === authority) metric.remove(labels as never);
      }
    },
  };
}
