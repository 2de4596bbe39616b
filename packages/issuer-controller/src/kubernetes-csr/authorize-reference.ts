import { failureReasons } from "@capstan/api";
import type { KubeClient } from "@capstan/kube";
import { type IssuerRef, issuerResourceOf } from "../issuers/issuer-kinds.ts";
import type { Outcome } from "../requests/outcome.ts";
import type { SigningRequest } from "./signing-request.ts";

/**
 * Whether the requester may use a CapstanIssuer: it must have the verb `reference` on `capstanissuers.capstan.dev` of that
 * name in the issuer's namespace. Without this, whoever may create CertificateSigningRequests, which lie in no namespace,
 * could use every tenant's issuer. Our own resource and not cert-manager's `signers`, whose rules name issuers by their
 * bare names: a right to reference cert-manager's Issuer `web` must be none to reference a CapstanIssuer `web`.
 *
 * A CapstanClusterIssuer is everybody's, as far as its policy goes.
 *
 * @throws {KubeApiError} {KubeConnectionError} when the API server did not say
 */
export async function authorizeReference(
  client: KubeClient,
  { spec }: SigningRequest,
  issuer: IssuerRef,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { kind, namespace, name } = issuer;
  if (namespace === undefined) return undefined;
  const { group, plural } = issuerResourceOf(kind);
  const { username: user, uid, groups, extra } = spec;
  const answer = await client.request<{ readonly status?: { readonly allowed?: boolean } }>({
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user,
        uid,
        groups,
        extra,
        resourceAttributes: { group, resource: plural, verb: "reference", namespace, name },
      },
    },
    signal,
  });
  if (answer.status?.allowed === true) return undefined;
  return {
    is: "Failed",
    reason: failureReasons.deniedReference,
    message: `The requester may not use ${kind} ${name}: it lacks the verb "reference" on ${plural}.${group} "${name}" in namespace ${namespace}`,
  };
}
