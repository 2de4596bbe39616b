import { apiGroup } from "@capstan/api";
import type { Condition } from "@capstan/api";
import type { IssuerRef } from "../issuers/issuer-kinds.ts";
import { attest, type Issuance, type Owner, readDuration, type Requester } from "../signing/issuance.ts";
import type { RequestViolation } from "../signing/request-violation.ts";

/** The part of cert-manager's CertificateRequest that an issuer reads, as raw JSON. */
export interface CertificateRequest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly apiVersion: string;
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
    }[];
  };
  readonly spec: {
    readonly issuerRef: { readonly name: string; readonly kind?: string; readonly group?: string };
    /** Base64 of the PEM of a PKCS#10 request. */
    readonly request: string;
    readonly duration?: string;
    readonly isCA?: boolean;
    readonly usages?: readonly string[];
    // Set by cert-manager's webhook; no user can write them.
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Requester["extra"];
  };
  readonly status?: {
    readonly conditions?: readonly RequestCondition[];
    readonly certificate?: string;
    readonly failureTime?: string;
  };
  /** Not of the API: what was too large to be kept in the cache. Such a request is refused, since a part of it says nothing. */
  readonly tooLarge?: readonly RequestViolation[];
}

type OwnerReference = NonNullable<CertificateRequest["metadata"]["ownerReferences"]>[number];

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

/** The issuer that a request names, or undefined when it is not ours. cert-manager's default kind is the namespaced one. */
export function issuerOfCertificateRequest({ metadata, spec }: CertificateRequest): IssuerRef | undefined {
  const { group, kind, name } = spec.issuerRef;
  // An empty group is cert-manager's own, never ours.
  if (group !== apiGroup) return undefined;
  // Looked up in the request's own namespace, whatever else the request says.
  if (kind === undefined || kind === "" || kind === "CapstanIssuer")
    return { kind: "CapstanIssuer", namespace: metadata.namespace ?? "", name };
  return kind === "CapstanClusterIssuer" ? { kind, name } : undefined;
}

/** What the request asks to be signed by `issuer`; `proxies` are service accounts that make requests for others. */
export function issuanceOfCertificateRequest(
  { metadata, spec }: CertificateRequest,
  issuer: IssuerRef,
  proxies?: readonly string[],
): Issuance {
  const { username = "", uid, groups = [], extra } = spec;
  const { namespace = "", annotations } = metadata;
  return {
    requestKind: "CertificateRequest",
    uid: metadata.uid ?? "",
    name: metadata.name,
    ...attest({ username, uid, groups, extra }, { kind: "CertificateRequest", namespace, annotations }, proxies),
    issuer,
    csr: new Uint8Array(Buffer.from(spec.request, "base64")),
    usages: spec.usages ?? [],
    isCa: spec.isCA === true,
    owner: ownerOf({ metadata }),
    ...readDuration(spec.duration, "spec.duration"),
  };
}

function ownerOf(request: Pick<CertificateRequest, "metadata">): Owner | undefined {
  const reference = ownerReferenceOf(request);
  if (reference === undefined) return undefined;
  const { kind, name, uid } = reference;
  return { kind: kind === "Pod" ? kind : "Certificate", name, uid };
}

/**
 * cert-manager's controller makes requests for Certificates, its csi-driver for pods; each says so in the request. Whoever
 * makes one may write anything there: what can be no object's name and uid is no owner, and the ledger would refuse it.
 */
export function ownerReferenceOf({ metadata }: Pick<CertificateRequest, "metadata">): OwnerReference | undefined {
  return (metadata.ownerReferences ?? []).find(({ apiVersion, kind, name, uid }) => {
    if (name.length > 253 || !objectName.test(name) || uid === "" || uid.length > 64) return false;
    return kind === "Certificate" ? apiVersion.startsWith("cert-manager.io/") : kind === "Pod" && apiVersion === "v1";
  });
}

/** A DNS subdomain (Kubernetes: "Object Names and IDs"). */
const objectName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Whether the request carries the condition with status True. */
export function isTrue(request: CertificateRequest, type: string): boolean {
  return conditionOf(request, type)?.status === "True";
}

export function conditionOf(request: CertificateRequest, type: string): RequestCondition | undefined {
  return request.status?.conditions?.find((condition) => condition.type === type);
}
