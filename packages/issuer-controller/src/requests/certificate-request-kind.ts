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

/** cert-manager's CertificateRequest. */
export const certificateRequestKind: RequestKind<CertificateRequest & KubeObject> = {
  resource: certificateRequestResource,
  issuerOf: issuerOfCertificateRequest,
  decide: decideRequest,
  issuanceOf: issuanceOfCertificateRequest,
  statusFor,
  lastTold,
};
