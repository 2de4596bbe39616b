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
}

/** Whether the authority issues to such a requester at all. */
export function checkRequester(question: {
  readonly requester: Requester;
  readonly issuer: { readonly kind: string; readonly spec: IssuerSpec };
  readonly authority: CertificateAuthority["spec"];
}): readonly PolicyViolation[] {
  const { requester, issuer, authority } = question;
  if (requester.namespace === undefined) return checkClusterRequest(issuer, authority);
  const { namespaces } = authority.issuance;
  if (selects(namespaces, requester.namespaceLabels)) return [];
  return [
    {
      code: "ERR_POLICY_NAMESPACE",
      field: "metadata.namespace",
      rule: `the authority does not issue to namespace ${requester.namespace}: its labels do not match ${formatSelector(namespaces)}`,
      cure: "have an administrator label the namespace",
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
