import { apiGroup } from "@capstan/api";
import type { KubeObject, ResourceType } from "@capstan/kube";

export const certificateResource: ResourceType = {
  group: "cert-manager.io",
  version: "v1",
  plural: "certificates",
  kind: "Certificate",
  namespaced: true,
};

export const certificateRequestResource: ResourceType = {
  group: "cert-manager.io",
  version: "v1",
  plural: "certificaterequests",
  kind: "CertificateRequest",
  namespaced: true,
};

/** On a Certificate's Secret and requests: the Certificate's name. */
export const certificateNameAnnotation = "cert-manager.io/certificate-name";
/** On a Certificate's Secret: the group of the issuer that its certificate is from. */
export const issuerGroupAnnotation = "cert-manager.io/issuer-group";
const revisionAnnotation = "cert-manager.io/certificate-revision";
/** The API server sets it on what was asked for with a token that is bound to a pod. */
const podUidExtra = "authentication.kubernetes.io/pod-uid";

interface IssuerReference {
  readonly group?: string;
}

export interface Certificate extends KubeObject {
  readonly spec?: { readonly issuerRef?: IssuerReference; readonly secretName?: string };
  readonly status?: { readonly revision?: number };
}

export interface CertificateRequest extends KubeObject {
  readonly spec?: {
    readonly issuerRef?: IssuerReference;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly status?: {
    /** Base64 of PEM. */
    readonly certificate?: string;
  };
}

/** A request that was answered with a leaf. */
export interface AnsweredRequest {
  readonly name: string;
  readonly certificate: string;
}

/** Whether an issuer of Capstan's is asked. */
export function isOfCapstan({ spec }: Certificate | CertificateRequest): boolean {
  return spec?.issuerRef?.group === apiGroup;
}

/**
 * The answered request of a Certificate whose leaf its Secret holds. A request is the Certificate's when it controls it:
 * annotations alone can outlive a Certificate that was made anew.
 */
export function currentRequestOf(
  certificate: Certificate,
  requests: readonly CertificateRequest[],
): AnsweredRequest | undefined {
  const { uid } = certificate.metadata;
  const revision = String(certificate.status?.revision);
  return requests.flatMap(({ metadata, status }) => {
    const isOwned = metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) === true;
    const isCurrent = metadata.annotations?.[revisionAnnotation] === revision;
    if (!isOwned || !isCurrent || status?.certificate === undefined) return [];
    return [{ name: metadata.name, certificate: status.certificate }];
  })[0];
}

/** The answered requests that the csi-driver made for a pod's volumes: owned by the pod, or asked for with its own token. */
export function requestsOfPod(podUid: string, requests: readonly CertificateRequest[]): readonly AnsweredRequest[] {
  return requests.flatMap((request) => {
    const { metadata, spec, status } = request;
    const isOwned = metadata.ownerReferences?.some(({ kind, uid }) => kind === "Pod" && uid === podUid) === true;
    const isAsked = spec?.extra?.[podUidExtra]?.includes(podUid) === true;
    if (!isOfCapstan(request) || (!isOwned && !isAsked) || status?.certificate === undefined) return [];
    return [{ name: metadata.name, certificate: status.certificate }];
  });
}
