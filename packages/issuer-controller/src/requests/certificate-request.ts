import { apiGroup } from "@capstan/api";
import type { Condition } from "@capstan/api";

/** The part of cert-manager's CertificateRequest that an issuer reads, as raw JSON. */
export interface CertificateRequest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly issuerRef: { readonly name: string; readonly kind?: string; readonly group?: string };
    /** Base64 of the PEM of a PKCS#10 request. */
    readonly request: string;
    readonly duration?: string;
    readonly isCA?: boolean;
    readonly usages?: readonly string[];
    readonly username?: string;
  };
  readonly status?: {
    readonly conditions?: readonly RequestCondition[];
    readonly certificate?: string;
    readonly failureTime?: string;
  };
}

/** A condition of a CertificateRequest; cert-manager's have no observedGeneration. */
export type RequestCondition = Omit<Condition, "reason" | "lastTransitionTime" | "observedGeneration"> & {
  readonly reason?: string;
  readonly lastTransitionTime?: string;
};

export const certificateRequestResource = {
  group: "cert-manager.io",
  version: "v1",
  plural: "certificaterequests",
  kind: "CertificateRequest",
  namespaced: true,
} as const;

/** The kinds of ours that a CertificateRequest may name. */
export type IssuerKind = "CapstanIssuer" | "CapstanClusterIssuer";

/** The issuer that a request names, or undefined when it is not ours. cert-manager's default kind is the namespaced one. */
export function issuerKindOf({ spec: { issuerRef } }: CertificateRequest): IssuerKind | undefined {
  // An empty group is cert-manager's own, never ours.
  if (issuerRef.group !== apiGroup) return undefined;
  if (issuerRef.kind === undefined || issuerRef.kind === "" || issuerRef.kind === "CapstanIssuer")
    return "CapstanIssuer";
  return issuerRef.kind === "CapstanClusterIssuer" ? "CapstanClusterIssuer" : undefined;
}

/** Whether the request carries the condition with status True. */
export function isTrue(request: CertificateRequest, type: string): boolean {
  return conditionOf(request, type)?.status === "True";
}

export function conditionOf(request: CertificateRequest, type: string): RequestCondition | undefined {
  return request.status?.conditions?.find((condition) => condition.type === type);
}
