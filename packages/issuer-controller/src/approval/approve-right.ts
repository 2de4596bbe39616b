import { KubeApiError, type KubeClient } from "@capstan/kube";
import { issuerResourceOf } from "../issuers/issuer-kinds.ts";
import { type CertificateRequest, issuerOfCertificateRequest } from "../requests/certificate-request.ts";

/** The service account of whatever approves requests: cert-manager's controller or approver-policy. */
export interface Approver {
  readonly namespace: string;
  readonly name: string;
}

/** Reads a setting: `namespace/name`. */
export function parseApprover(text: string | undefined): Approver {
  const match = /^(?<namespace>[a-z0-9-]{1,63})\/(?<name>[a-z0-9.-]{1,253})$/.exec(text ?? "");
  const { namespace, name } = match?.groups ?? {};
  if (namespace === undefined || name === undefined) {
    throw new Error(`${JSON.stringify(text ?? "")} is not a service account as namespace/name`);
  }
  return { namespace, name };
}

export function userNameOf({ namespace, name }: Approver): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** Names of a request's signer, either of which may stand in a rule: all issuers of the kind, and this one. */
export interface SignerNames {
  readonly every: string;
  readonly one: string;
}

/**
 * What cert-manager's webhook looks for when a request is approved
 * (cert-manager.io/docs: "CertificateRequest resource", "RBAC Syntax"). Undefined for an issuer that is not ours.
 */
export function signerNamesOf(request: CertificateRequest): SignerNames | undefined {
  const issuer = issuerOfCertificateRequest(request);
  if (issuer === undefined) return undefined;
  const { plural, group } = issuerResourceOf(issuer.kind);
  const name = issuer.namespace === undefined ? issuer.name : `${issuer.namespace}.${issuer.name}`;
  return { every: `${plural}.${group}/*`, one: `${plural}.${group}/${name}` };
}

/** `unknown`: we may not ask. */
export type ApproveRight = "granted" | "missing" | "unknown";

/**
 * Whether the approver may approve for this signer, as the API server's authorizers see it.
 *
 * @throws {KubeApiError} {KubeConnectionError} when no answer came, which may change
 */
export async function reviewApproveRight(
  client: KubeClient,
  question: { readonly approver: Approver; readonly signer: SignerNames },
  signal: AbortSignal,
): Promise<ApproveRight> {
  const { approver, signer } = question;
  try {
    for (const name of [signer.every, signer.one]) {
      const { status } = await client.request<{ readonly status?: { readonly allowed?: boolean } }>({
        method: "POST",
        path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        body: reviewOf(approver, name),
        signal,
      });
      if (status?.allowed === true) return "granted";
    }
    return "missing";
  } catch (error) {
    if (error instanceof KubeApiError && error.code === 403) return "unknown";
    throw error;
  }
}

function reviewOf(approver: Approver, name: string): unknown {
  return {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: userNameOf(approver),
      // A rule may be bound to a group, so the review carries those that every service account's token has.
      groups: ["system:serviceaccounts", `system:serviceaccounts:${approver.namespace}`, "system:authenticated"],
      resourceAttributes: { group: "cert-manager.io", resource: "signers", verb: "approve", name },
    },
  };
}
