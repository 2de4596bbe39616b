import {
  apiGroup,
  type CapstanClusterIssuer,
  capstanClusterIssuerResource,
  type CapstanIssuer,
  capstanIssuerResource,
  type CertificateAuthority,
  certificateAuthorityResource,
  type RevocationList,
  revocationListResource,
} from "@capstan/api";
import { type KubeClient, type KubeObject, type Logger, Reflector, type RuntimeMetrics } from "@capstan/kube";
import { issuerIdOf, type IssuerRef } from "./issuers/issuer-kinds.ts";
import {
  isOfCertManager,
  mutatingWebhookResource,
  validatingWebhookResource,
  type WebhookObject,
} from "./issuers/webhooks.ts";
import { type SigningRequest, signingRequestResource } from "./kubernetes-csr/signing-request.ts";
import { issuerOfSignerName } from "./kubernetes-csr/signer-name.ts";
import * as signingRequestParts from "./kubernetes-csr/kept-parts.ts";
import {
  type CertificateRequest,
  certificateRequestResource,
  issuerOfCertificateRequest,
} from "./requests/certificate-request.ts";
import * as requestParts from "./requests/kept-parts.ts";
import { withoutEntries } from "./signing/blocked-keys.ts";

const namespaceResource = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
} as const;

/** What the controller sees of the cluster. */
export interface Caches {
  /** Index `waitingFor`: of requests that are not answered, their issuer as `issuerIdOf` names it. */
  readonly requests: Reflector<CertificateRequest & KubeObject>;
  /** Index `waitingFor`, too. */
  readonly signingRequests: Reflector<SigningRequest & KubeObject>;
  /** Index `authority`: its name. */
  readonly issuers: Reflector<CapstanIssuer>;
  /** Index `authority`, too. */
  readonly clusterIssuers: Reflector<CapstanClusterIssuer>;
  readonly authorities: Reflector<CertificateAuthority>;
  readonly namespaces: Reflector<KubeObject>;
  /** Their blocked keys alone. */
  readonly revocationLists: Reflector<RevocationList>;
  readonly mutatingWebhooks: Reflector<WebhookObject>;
  readonly validatingWebhooks: Reflector<WebhookObject>;
}

export function createCaches({
  namespace,
  ...shared
}: {
  readonly client: KubeClient;
  /** Where Capstan's own objects are. */
  readonly namespace: string;
  readonly log: Logger;
  readonly metrics: RuntimeMetrics;
}): Caches {
  return {
    requests: new Reflector({
      ...shared,
      type: certificateRequestResource,
      // Selectable since cert-manager 1.20.
      fieldSelector: `spec.issuerRef.group=${apiGroup}`,
      // Kinds that are not ours are nobody's business here, so there are no requests to be kept for them.
      selects: (request) => issuerOfCertificateRequest(request) !== undefined,
      transform: requestParts.keptParts,
      indexes: {
        waitingFor: (request) => (requestParts.isAnswered(request) ? [] : idsOf(issuerOfCertificateRequest(request))),
      },
    }),
    signingRequests: new Reflector({
      ...shared,
      type: signingRequestResource,
      // spec.signerName selects whole names alone, and each of our issuers is a name.
      selects: ({ spec }) => issuerOfSignerName(spec.signerName) !== undefined,
      transform: signingRequestParts.keptParts,
      indexes: {
        waitingFor: (request) =>
          signingRequestParts.isAnswered(request) ? [] : idsOf(issuerOfSignerName(request.spec.signerName)),
      },
    }),
    issuers: new Reflector<CapstanIssuer>({
      ...shared,
      type: capstanIssuerResource,
      indexes: { authority: authorityOf },
    }),
    clusterIssuers: new Reflector<CapstanClusterIssuer>({
      ...shared,
      type: capstanClusterIssuerResource,
      indexes: { authority: authorityOf },
    }),
    authorities: new Reflector({ ...shared, type: certificateAuthorityResource }),
    namespaces: new Reflector({ ...shared, type: namespaceResource }),
    revocationLists: new Reflector<RevocationList>({
      ...shared,
      type: revocationListResource,
      namespace,
      transform: withoutEntries,
    }),
    mutatingWebhooks: new Reflector<WebhookObject>({
      ...shared,
      type: mutatingWebhookResource,
      selects: isOfCertManager,
    }),
    validatingWebhooks: new Reflector<WebhookObject>({
      ...shared,
      type: validatingWebhookResource,
      selects: isOfCertManager,
    }),
  };
}

function authorityOf(issuer: CapstanIssuer | CapstanClusterIssuer): readonly string[] {
  return [issuer.spec.caRef.name];
}

function idsOf(issuer: IssuerRef | undefined): readonly string[] {
  return issuer === undefined ? [] : [issuerIdOf(issuer)];
}
