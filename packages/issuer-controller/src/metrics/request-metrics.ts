import {
  createMetricsOf,
  type KubeObject,
  type ReadonlyStore,
  type RuntimeMetrics,
  type SignatureIntent,
  type SignatureResult,
} from "@capstan/kube";
import { isUnapproved } from "../approval/decide-approval.ts";
import { type Issuer, type IssuerKind, issuerKinds, storeKeyOf } from "../issuers/issuer-kinds.ts";
import { isTrue, type SigningRequest } from "../kubernetes-csr/signing-request.ts";
import * as signingRequestParts from "../kubernetes-csr/kept-parts.ts";
import type { CertificateRequest } from "../requests/certificate-request.ts";
import type { Outcome } from "../requests/outcome.ts";
import * as requestParts from "../requests/kept-parts.ts";

/** Of requests and issuers. */
export const requestMetricTable = {
  capstan_requests_total: {
    type: "counter",
    labels: ["kind", "outcome"],
    help: "Requests by what they were told: Issued, Failed, Denied, or once that they are Pending. Only the leader counts.",
    alert: "more Failed than Issued for 15 minutes",
  },
  capstan_requests_refused_total: {
    type: "counter",
    labels: ["code"],
    help: "Rules that refused requests broke, by the rule's code; a request may break several.",
  },
  capstan_signatures_total: {
    type: "counter",
    labels: ["authority", "generation", "purpose", "result"],
    help: "Signatures (result Signed, or Failed) of leaves (purpose Leaf), released or not, and of bytes that show that the key works (Probe), since the process started.",
    alert:
      "Failed above 0; far more Leaf than capstan_requests_total with outcome Issued: what is signed is not released",
  },
  capstan_issuing_seconds: {
    type: "histogram",
    labels: ["kind"],
    help: "From a request's creation until it was told that it is issued, time for its approval included; the API server's clock counts in whole seconds.",
    alert: "a 99th percentile above 60 for 15 minutes",
    buckets: [1, 2, 5, 10, 30, 60, 300, 1_800],
  },
  capstan_requests_waiting: {
    type: "gauge",
    labels: ["kind", "for"],
    help: "Requests without an answer that wait for their approval, or, once approved, for signing.",
  },
  capstan_requests_oldest_waiting_seconds: {
    type: "gauge",
    labels: ["kind", "for"],
    help: "Age of the oldest of these; 0 when there is none.",
    alert: "above 600: nobody approves, or an issuer is not Ready",
  },
  capstan_issuer_ready: {
    type: "gauge",
    labels: ["kind", "issuer"],
    help: "1 when the issuer (namespace/name, or name) is Ready, 0 when it is not or was not looked at yet.",
    alert: "0 for 10 minutes",
  },
} as const;

/** What the gauges are read from at each scrape. */
export interface RequestMetricsState {
  readonly requests: Pick<ReadonlyStore<CertificateRequest & KubeObject>, "list">;
  readonly signingRequests: Pick<ReadonlyStore<SigningRequest & KubeObject>, "list">;
  readonly issuers: Readonly<Record<IssuerKind, Pick<ReadonlyStore<Issuer>, "list">>>;
  readonly now: () => Date;
}

type RequestKindName = "CertificateRequest" | "CertificateSigningRequest";

export interface RequestMetrics {
  /** A request was told this for the first time. */
  readonly told: (request: KubeObject, kind: string, outcome: Outcome["is"]) => void;
  /** A request broke these rules. */
  readonly refused: (codes: readonly string[]) => void;
  /** Counts a signature by what it was for. */
  readonly signature: (signature: SignatureIntent, result: SignatureResult) => void;
}

/** Makes the metrics of {@link requestMetricTable}. */
export function createRequestMetrics(
  runtime: Pick<RuntimeMetrics, "registry" | "onScrape">,
  { requests, signingRequests, issuers, now }: RequestMetricsState,
): RequestMetrics {
  const metrics = createMetricsOf(requestMetricTable, runtime);
  const outcomes: readonly Outcome["is"][] = ["Issued", "Failed", "Denied", "Pending"];
  // So that rate() sees the first of each.
  for (const kind of requestKinds) {
    for (const outcome of outcomes) metrics.capstan_requests_total.inc({ kind, outcome }, 0);
    metrics.capstan_issuing_seconds.zero({ kind });
  }
  runtime.onScrape(() => {
    const byKind: Readonly<Record<RequestKindName, readonly Waiting[]>> = {
      CertificateRequest: requests.list().flatMap(waitingRequest),
      CertificateSigningRequest: signingRequests.list().flatMap(waitingSigningRequest),
    };
    for (const kind of requestKinds) {
      for (const what of ["approval", "signing"] as const) {
        const waiting = byKind[kind].filter((one) => one.for === what);
        const ages = waiting.map(({ sinceMs }) => (now().getTime() - sinceMs) / 1000);
        metrics.capstan_requests_waiting.set({ kind, for: what }, waiting.length);
        metrics.capstan_requests_oldest_waiting_seconds.set(
          { kind, for: what },
          ages.reduce((a, b) => Math.max(a, b), 0),
        );
      }
    }
    // What is gone is told no more.
    metrics.capstan_issuer_ready.reset();
    for (const kind of issuerKinds) {
      for (const issuer of issuers[kind].list()) {
        metrics.capstan_issuer_ready.set({ kind, issuer: storeKeyOf({ kind, ...issuer.metadata }) }, isReady(issuer));
      }
    }
  });
  return {
    told: ({ metadata }, kind, outcome) => {
      metrics.capstan_requests_total.inc({ kind, outcome });
      const createdMs = Date.parse(metadata.creationTimestamp ?? "");
      if (outcome !== "Issued" || Number.isNaN(createdMs)) return;
      metrics.capstan_issuing_seconds.observe({ kind }, Math.max(0, (now().getTime() - createdMs) / 1000));
    },
    signature: ({ authority, generation, purpose }, result) =>
      metrics.capstan_signatures_total.inc({ authority, generation: String(generation), purpose, result }),
    refused: (codes) => {
      for (const code of new Set(codes)) metrics.capstan_requests_refused_total.inc({ code });
    },
  };
}

const requestKinds: readonly RequestKindName[] = ["CertificateRequest", "CertificateSigningRequest"];

interface Waiting {
  readonly for: "approval" | "signing";
  readonly sinceMs: number;
}

function waiting(request: KubeObject, isApprovalMissing: boolean): readonly Waiting[] {
  const sinceMs = Date.parse(request.metadata.creationTimestamp ?? "");
  return Number.isNaN(sinceMs) ? [] : [{ for: isApprovalMissing ? "approval" : "signing", sinceMs }];
}

function waitingRequest(request: CertificateRequest & KubeObject): readonly Waiting[] {
  return requestParts.isAnswered(request) ? [] : waiting(request, isUnapproved(request));
}

function waitingSigningRequest(request: SigningRequest & KubeObject): readonly Waiting[] {
  return signingRequestParts.isAnswered(request) ? [] : waiting(request, !isTrue(request, "Approved"));
}

function isReady({ status }: Issuer): 0 | 1 {
  return status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true ? 1 : 0;
}
