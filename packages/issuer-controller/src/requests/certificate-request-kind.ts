import type { KubeObject } from "@capstan/kube";
import {
  type CertificateRequest,
  certificateRequestResource,
  issuanceOfCertificateRequest,
  issuerOfCertificateRequest,
} from "./certificate-request.ts";
import { decideRequest } from "./decide-request.ts";
import type { RequestKind } from "./request-kind.ts";
import { lastTold, statusFor } from "./request-status.ts";

/** cert-manager's CertificateRequest; `proxies` are service accounts that make requests for others. */
export function certificateRequestKind(
  options: { readonly proxies?: readonly string[] } = {},
): RequestKind<CertificateRequest & KubeObject> {
  return {
    resource: certificateRequestResource,
    issuerOf: issuerOfCertificateRequest,
    decide: decideRequest,
    issuanceOf: (request, issuer) => issuanceOfCertificateRequest(request, issuer, options.proxies),
    statusFor,
    lastTold,
  };
}
