import type { IssuedCertificate } from "@capstan/api";
import type { KubeObject } from "@capstan/kube";
import type { Caches } from "../caches.ts";
import * as signingRequestParts from "../kubernetes-csr/kept-parts.ts";
import * as requestParts from "../requests/kept-parts.ts";

/**
 * Whether the request of a record still waits for its answer. The cache suffices: the request is older than its record,
 * so one that is not there is gone.
 */
export function isRequestWaiting(
  { requests, signingRequests }: Pick<Caches, "requests" | "signingRequests">,
  { metadata, spec }: IssuedCertificate,
): boolean {
  const { requestKind = "CertificateRequest", requestNamespace, requestName } = spec;
  // A leaf of Capstan's own answers nobody.
  if (requestName === undefined) return false;
  const isIt = (request: KubeObject | undefined): boolean => request?.metadata.uid === metadata.name;
  if (requestKind === "CertificateSigningRequest") {
    const request = signingRequests.store.get(requestName);
    return request !== undefined && isIt(request) && !signingRequestParts.isAnswered(request);
  }
  const request = requests.store.get(`${requestNamespace ?? ""}/${requestName}`);
  return request !== undefined && isIt(request) && !requestParts.isAnswered(request);
}
