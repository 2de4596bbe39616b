import type { KubeClient, KubeObject } from "@capstan/kube";
import type { RequestKind } from "../requests/request-kind.ts";
import { authorizeReference } from "./authorize-reference.ts";
import { decideSigningRequest } from "./decide-signing-request.ts";
import { issuerOfSignerName } from "./signer-name.ts";
import { issuanceOfSigningRequest, type SigningRequest, signingRequestResource } from "./signing-request.ts";
import { signingRequestStatus } from "./signing-request-status.ts";

/** Kubernetes' own CertificateSigningRequest; `proxies` are service accounts that make requests for others. */
export function signingRequestKind({
  client,
  proxies,
}: {
  readonly client: KubeClient;
  readonly proxies?: readonly string[];
}): RequestKind<SigningRequest & KubeObject> {
  return {
    resource: signingRequestResource,
    issuerOf: ({ spec }) => issuerOfSignerName(spec.signerName),
    decide: decideSigningRequest,
    authorize: (request, issuer, signal) => authorizeReference(client, request, issuer, signal),
    issuanceOf: (request, issuer) => issuanceOfSigningRequest(request, issuer, proxies),
    statusFor: signingRequestStatus,
    // Nothing in it says that it waits.
    lastTold: () => undefined,
  };
}
