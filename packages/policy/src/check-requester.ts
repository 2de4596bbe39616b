import type { CertificateAuthority } from "@capstan/api";
import { formatSelector, selects } from "./label-selector.ts";
import type { IssuerSpec } from "./name-rules.ts";
import type { PolicyViolation } from "./policy-violation.ts";

/** What the platform attests about who asks. */
export interface Requester {
  /**
   * The namespace that a CertificateRequest lies in, or that a Kubernetes CertificateSigningRequest counts for; undefined
   * when there is none.
   */
  readonly namespace: string | undefined;
  /** Labels of that namespace, as they are now. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Name of the service account in that namespace which made the request itself; absent when that is not attested. */
  readonly serviceAccount?: string | undefined;
  /** The pod that this service account's token is bound to; absent when that is not attested. */
  readonly podName?: string | undefined;
  /** Why no service account is attested, for messages. */
  readonly unattested?: string | undefined;
  /**
   * The webhook configurations of cert-manager that leave the namespace out, as webhooksThatSkip gives them. Not for a
   * Kubernetes CertificateSigningRequest, whose maker the API server itself writes down.
   */
  readonly unseenBy?: readonly string[] | undefined;
}

/** Whether the authority issues to such a requester at all. */
export function checkRequester(question: {
  readonly requester: Requester;
  readonly issuer: { readonly kind: string; readonly spec: IssuerSpec };
  readonly authority: CertificateAuthority["spec"];
}): readonly PolicyViolation[] {
  const { requester, issuer, authority } = question;
  return [
    ...(requester.namespace === undefined
      ? checkClusterRequest(issuer, authority)
      : checkNamespace(requester.namespace, requester, authority)),
    ...checkWebhooks(requester),
    ...checkAttestation(requester, issuer),
  ];
}

function checkNamespace(
  namespace: string,
  { namespaceLabels }: Requester,
  { issuance: { namespaces } }: CertificateAuthority["spec"],
): PolicyViolation[] {
  if (selects(namespaces, namespaceLabels)) return [];
  return [
    {
      code: "ERR_POLICY_NAMESPACE",
      field: "metadata.namespace",
      rule: `the authority does not issue to namespace ${namespace}: its labels do not match ${formatSelector(namespaces)}`,
      cure: "have an administrator label the namespace",
    },
  ];
}

/** There a request's maker writes what it likes into spec.username, and whoever may write its status approves it. */
function checkWebhooks({ namespace, unseenBy = [] }: Requester): PolicyViolation[] {
  if (unseenBy.length === 0) return [];
  return [
    {
      code: "ERR_POLICY_WEBHOOK",
      field: "metadata.namespace",
      rule: `cert-manager's webhooks do not see namespace ${namespace ?? ""}, so nobody attests who asks: ${unseenBy.join("; ")}`,
      cure: "change the namespace's labels so that they do (without cert-manager.io/disable-validation), and ask anew",
    },
  ];
}

function checkAttestation(
  requester: Requester,
  { kind, spec }: { readonly kind: string; readonly spec: IssuerSpec },
): PolicyViolation[] {
  if (spec.attestation !== "ServiceAccount" || requester.serviceAccount !== undefined) return [];
  return [
    {
      code: "ERR_POLICY_ATTESTATION",
      field: "spec.username",
      rule: `the ${kind} issues to service accounts that ask themselves, and of this request none is attested: ${requester.unattested ?? "nothing is known of its maker"}`,
      cure: "ask with the pod's own token: csi-driver with token requests does",
    },
  ];
}

function checkClusterRequest(
  { kind, spec }: { readonly kind: string; readonly spec: IssuerSpec },
  { issuance }: CertificateAuthority["spec"],
): PolicyViolation[] {
  const closed = [
    ...(kind === "CapstanClusterIssuer" && spec.clusterRequests === true ? [] : [`the ${kind}`]),
    ...(issuance.clusterRequests === true ? [] : ["the authority"]),
  ];
  if (closed.length === 0) return [];
  return [
    {
      code: "ERR_POLICY_CLUSTER_REQUEST",
      field: "spec.username",
      rule: `the requester is no service account, so it belongs to no namespace, and ${closed.join(" and ")} ${closed.length > 1 ? "do" : "does"} not serve such requests`,
      cure: "ask as a service account, or have an administrator set clusterRequests on a CapstanClusterIssuer and in its authority's issuance",
    },
  ];
}
