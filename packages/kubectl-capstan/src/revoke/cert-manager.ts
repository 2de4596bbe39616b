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
const revisionAnnotation = "cert-manager.io/certificate-revision";

export interface Certificate extends KubeObject {
  readonly status?: { readonly revision?: number };
}

export interface CertificateRequest extends KubeObject {
  readonly status?: {
    /** Base64 of PEM. */
    readonly certificate?: string;
  };
}

/** A request of a Certificate that was answered with a leaf. */
export interface AnsweredRequest {
  readonly name: string;
  readonly certificate: string;
}

/**
 * A Certificate's requests that were answered: the current one, whose leaf its Secret holds, and those before and after.
 * A request is the Certificate's when it controls it: annotations alone can outlive a Certificate that was made anew.
 */
export function requestsOf(
  certificate: Certificate,
  requests: readonly CertificateRequest[],
): { readonly current: AnsweredRequest | undefined; readonly others: readonly AnsweredRequest[] } {
  const { uid } = certificate.metadata;
  const answered = requests.flatMap(({ metadata, status }) => {
    const isOwned = metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) === true;
    if (!isOwned || status?.certificate === undefined) return [];
    const isCurrent = metadata.annotations?.[revisionAnnotation] === String(certificate.status?.revision);
    return [{ name: metadata.name, certificate: status.certificate, isCurrent }];
  });
  return {
    current: answered.find(({ isCurrent }) => isCurrent),
    others: answered.filter(({ isCurrent }) => !isCurrent),
  };
}
