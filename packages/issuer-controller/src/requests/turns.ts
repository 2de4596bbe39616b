import { issuerIdOf } from "../issuers/issuer-kinds.ts";
import type { SigningRequest } from "../kubernetes-csr/signing-request.ts";
import { type CertificateRequest, issuerOfCertificateRequest } from "./certificate-request.ts";

/**
 * The groups of a request that take turns in the queue, outermost first: namespaces, and issuers within them. Outermost is
 * what a tenant cannot have more of: many CapstanIssuers are no more turns.
 */
export function turnOfCertificateRequest(request: CertificateRequest | undefined): readonly string[] {
  if (request === undefined) return [];
  const issuer = issuerOfCertificateRequest(request);
  return [request.metadata.namespace ?? "", issuer === undefined ? "" : issuerIdOf(issuer)];
}

const serviceAccount = /^system:serviceaccount:([^:]+):/;

/** The same for requests without a namespace: a service account's namespace, or the user, comes first. */
export function turnOfSigningRequest(request: SigningRequest | undefined): readonly string[] {
  if (request === undefined) return [];
  const { username = "", signerName } = request.spec;
  const [, namespace] = serviceAccount.exec(username) ?? [];
  // Nobody's user name makes it into a namespace's turn.
  return [namespace === undefined ? `user ${username}` : `namespace ${namespace}`, signerName];
}
