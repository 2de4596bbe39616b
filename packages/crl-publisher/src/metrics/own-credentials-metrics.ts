import type { CertificateAuthority } from "@capstan/api";
import { createMetricsOf, type ReadonlyStore, type RuntimeMetrics } from "@capstan/kube";
import type { AnchorSpec } from "../authority/authority-parts.ts";
import { HAS_CRL } from "../rotation/crl-book.ts";
import { heededAnchors } from "./heeded-anchors.ts";

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

interface NamedAnchor {
  readonly authority: string;
  readonly anchor: string;
}

interface Credentials extends NamedAnchor {
  readonly source: "leaf" | "provider-chain";
}

interface CrlProof extends NamedAnchor {
  readonly generation: number;
  readonly isProven: boolean;
}

export interface OwnCredentialsMetrics {
  readonly obtained: (credentials: Credentials) => void;
  readonly refused: (anchor: NamedAnchor) => void;
  readonly crlProven: (crl: CrlProof) => void;
}

/**
 * Makes the metrics of {@link ownCredentialsMetricTable}. The gauges tell what AWS answered last, as long as there is in the spec
 * and in use what it was asked for: no other answer would come to put an end to a bad one.
 */
export function createOwnCredentialsMetrics(
  runtime: Pick<RuntimeMetrics, "registry" | "onScrape">,
  authorities: Pick<ReadonlyStore<CertificateAuthority>, "list">,
): OwnCredentialsMetrics {
  const metrics = createMetricsOf(ownCredentialsMetricTable, runtime);
  const { capstan_own_credentials_by_provider_chain: byProviderChain, capstan_crl_proven: proven } = metrics;
  const obtained = new Map<string, Credentials>();
  const proofs = new Map<string, CrlProof>();
  runtime.onScrape(() => {
    byProviderChain.reset();
    proven.reset();
    const known = authorities.list();
    forgetUnless(obtained, (credentials) => anchorOf(known, credentials) !== undefined);
    forgetUnless(proofs, (proof) => anchorOf(known, proof)?.canary !== undefined && isKeptUp(known, proof));
    for (const { authority, anchor, source } of obtained.values())
      byProviderChain.set({ authority, anchor }, Number(source === "provider-chain"));
    for (const { authority, anchor, generation, isProven } of proofs.values())
      proven.set({ authority, anchor, generation }, Number(isProven));
  });
  return {
    obtained: (credentials) => {
      const { authority, anchor, source } = credentials;
      metrics.capstan_own_credentials_total.inc({ authority, anchor, source });
      obtained.set(`${authority}/${anchor}`, credentials);
      // So that rate() sees the first.
      metrics.capstan_own_credentials_refused_total.inc({ authority, anchor }, 0);
    },
    crlProven: (proof) => void proofs.set(`${proof.authority}/${proof.anchor}/${proof.generation}`, proof),
    refused: ({ authority, anchor }) => metrics.capstan_own_credentials_refused_total.inc({ authority, anchor }),
  };
}

function forgetUnless<T>(kept: Map<string, T>, isThere: (one: T) => boolean): void {
  for (const [key, one] of kept) if (!isThere(one)) kept.delete(key);
}

function anchorOf(known: readonly CertificateAuthority[], { authority, anchor }: NamedAnchor): AnchorSpec | undefined {
  const of = known.find(({ metadata }) => metadata.name === authority);
  return of === undefined ? undefined : heededAnchors(of).find(({ name }) => name === anchor);
}

function isKeptUp(known: readonly CertificateAuthority[], { authority, generation }: CrlProof): boolean {
  const { generations = [] } = known.find(({ metadata }) => metadata.name === authority)?.status ?? {};
  return generations.some(({ number, phase }) => number === generation && HAS_CRL.has(phase));
}
