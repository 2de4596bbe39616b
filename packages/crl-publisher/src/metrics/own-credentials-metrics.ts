import { createMetricsOf, type RuntimeMetrics } from "@capstan/kube";

/** Of the publisher's own AWS credentials. */
export const ownCredentialsMetricTable = {
  capstan_own_credentials_total: {
    type: "counter",
    labels: ["authority", "anchor", "source"],
    help: "AWS credentials that the publisher got for a trust anchor, by source: a leaf of its own, or the provider-chain.",
  },
  capstan_own_credentials_refused_total: {
    type: "counter",
    labels: ["authority", "anchor"],
    help: "Leaves of the publisher's own that could not be minted, or that AWS refused.",
    alert: "any rise that lasts: the role, the profile or the bundle is not what it should be",
  },
  capstan_own_credentials_by_provider_chain: {
    type: "gauge",
    labels: ["authority", "anchor"],
    help: "1 while the publisher's AWS credentials for a trust anchor come from the standard provider chain.",
    alert: "1 for 15 minutes where spec.trustAnchors has a publisher: the break-glass is in use",
  },
  capstan_crl_proven: {
    type: "gauge",
    labels: ["authority", "anchor", "generation"],
    help: "1 when AWS was seen to refuse the revoked leaf that the newest CRL names for this, 0 while it was not; only with a canary.",
    alert: "0 for 10 minutes: AWS holds the CRL and does not act on it",
  },
} as const;

export interface OwnCredentialsMetrics {
  readonly obtained: (credentials: {
    readonly authority: string;
    readonly anchor: string;
    readonly source: "leaf" | "provider-chain";
  }) => void;
  readonly refused: (anchor: { readonly authority: string; readonly anchor: string }) => void;
  readonly crlProven: (crl: {
    readonly authority: string;
    readonly anchor: string;
    readonly generation: number;
    readonly isProven: boolean;
  }) => void;
}

export function createOwnCredentialsMetrics(runtime: Pick<RuntimeMetrics, "registry">): OwnCredentialsMetrics {
  const metrics = createMetricsOf(ownCredentialsMetricTable, runtime);
  return {
    obtained: ({ authority, anchor, source }) => {
      metrics.capstan_own_credentials_total.inc({ authority, anchor, source });
      const isChain = source === "provider-chain";
      metrics.capstan_own_credentials_by_provider_chain.set({ authority, anchor }, isChain ? 1 : 0);
      // So that rate() sees the first.
      metrics.capstan_own_credentials_refused_total.inc({ authority, anchor }, 0);
    },
    crlProven: ({ authority, anchor, generation, isProven }) =>
      metrics.capstan_crl_proven.set({ authority, anchor, generation }, isProven ? 1 : 0),
    refused: ({ authority, anchor }) => metrics.capstan_own_credentials_refused_total.inc({ authority, anchor }),
  };
}
