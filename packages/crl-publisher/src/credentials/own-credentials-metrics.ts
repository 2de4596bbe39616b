import type { RuntimeMetrics } from "@capstan/kube";
import { Counter, Gauge } from "prom-client";

interface OfAnchor {
  readonly authority: string;
  readonly anchor: string;
}

type Source = "leaf" | "provider-chain";

/** Alert on capstan_own_credentials_by_provider_chain where a role is configured: the break-glass is in use. */
export interface OwnCredentialsMetrics {
  obtained(credentials: OfAnchor & { readonly source: Source }): void;
  refused(anchor: OfAnchor): void;
}

export function createOwnCredentialsMetrics({ registry }: Pick<RuntimeMetrics, "registry">): OwnCredentialsMetrics {
  const registers = [registry];
  const obtained = new Counter({
    name: "capstan_own_credentials_total",
    help: "AWS credentials that the publisher got for a trust anchor, by source: a leaf of its own, or the provider-chain.",
    labelNames: ["authority", "anchor", "source"],
    registers,
  });
  const refused = new Counter({
    name: "capstan_own_credentials_refused_total",
    help: "Leaves of the publisher's own that could not be minted or that AWS refused, for a trust anchor.",
    labelNames: ["authority", "anchor"],
    registers,
  });
  const byChain = new Gauge({
    name: "capstan_own_credentials_by_provider_chain",
    help: "1 while the publisher's AWS credentials for a trust anchor come from the standard provider chain.",
    labelNames: ["authority", "anchor"],
    registers,
  });
  return {
    obtained: ({ authority, anchor, source }) => {
      obtained.inc({ authority, anchor, source });
      byChain.set({ authority, anchor }, source === "provider-chain" ? 1 : 0);
      // So that rate() sees the first of each.
      refused.inc({ authority, anchor }, 0);
    },
    refused: (labels) => refused.inc({ ...labels }),
  };
}
