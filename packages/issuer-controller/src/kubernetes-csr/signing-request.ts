import type { Condition } from "@capstan/api";
import type { IssuerRef } from "../issuers/issuer-kinds.ts";
import { attest, type Issuance, readDuration, type Requester } from "../signing/issuance.ts";
import type { RequestViolation } from "../signing/request-violation.ts";

/** The part of Kubernetes' CertificateSigningRequest (certificates.k8s.io/v1) that an issuer reads, as raw JSON. */
export interface SigningRequest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly signerName: string;
    /** Base64 of the PEM of a PKCS#10 request. */
    readonly request: string;
    /** 600 or more, says the API server. */
    readonly expirationSeconds?: number;
    readonly usages?: readonly string[];
    // Set by the API server; no user can write them.
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Requester["extra"];
  };
  readonly status?: {
    readonly conditions?: readonly SigningRequestCondition[];
    readonly certificate?: string;
  };
  /** Not of the API: what was too large to be kept in the cache. Such a request is refused, since a part of it says nothing. */
  readonly tooLarge?: readonly RequestViolation[];
}

/** Approved, Denied and Failed, once there, stay. */
export type SigningRequestCondition = Pick<Condition, "type" | "status"> & {
  readonly reason?: string;
  readonly message?: string;
};

export const signingRequestResource = {
  group: "certificates.k8s.io",
  version: "v1",
  plural: "certificatesigningrequests",
  kind: "CertificateSigningRequest",
  namespaced: false,
} as const;

/** cert-manager's annotations, which its own users of this API know. */
export const signingRequestAnnotations = {
  /** A Go duration; counts before expirationSeconds. */
  duration: "experimental.cert-manager.io/request-duration",
  /** "true" asks for a CA certificate. */
  isCa: "experimental.cert-manager.io/request-is-ca",
} as const;

export function isTrue({ status }: SigningRequest, type: string): boolean {
  return (status?.conditions ?? []).some((condition) => condition.type === type && condition.status === "True");
}

/**
 * What the request asks to be signed by `issuer`.
 *
 * The request lies in no namespace. Who uses a CapstanIssuer speaks for the issuer's namespace, since somebody there gave
 * the right to (see `authorizeReference`); to a CapstanClusterIssuer a service account speaks for its own namespace, and
 * any other user for none.
 */
export function issuanceOfSigningRequest(
  { metadata, spec }: SigningRequest,
  issuer: IssuerRef,
  proxies?: readonly string[],
): Issuance {
  const { username = "", uid, groups = [], extra } = spec;
  const annotations = metadata.annotations ?? {};
  const text = annotations[signingRequestAnnotations.duration];
  const duration =
    text === undefined && spec.expirationSeconds !== undefined
      ? { durationMs: spec.expirationSeconds * 1000, faults: [] }
      : readDuration(text, `metadata.annotations: ${signingRequestAnnotations.duration}`);
  return {
    requestKind: "CertificateSigningRequest",
    uid: metadata.uid ?? "",
    name: metadata.name,
    ...attest(
      { username, uid, groups, extra },
      { kind: "CertificateSigningRequest", issuerNamespace: issuer.namespace },
      proxies,
    ),
    issuer,
    csr: new Uint8Array(Buffer.from(spec.request, "base64")),
    usages: spec.usages ?? [],
    isCa: annotations[signingRequestAnnotations.isCa] === "true",
    ...duration,
  };
}
