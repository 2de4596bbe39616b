import { apiGroup, failureReasons } from "@capstan/api";
import type { KubeObject } from "@capstan/kube";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** As much of a cert-manager Certificate as is read here; what else it has is sent back as it was. */
export interface RetriedCertificate extends KubeObject {
  readonly spec?: { readonly issuerRef?: { readonly group?: string } };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

export interface RetriedRequest extends KubeObject {
  readonly spec?: { readonly issuerRef?: { readonly group?: string } };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** Why something failed, or that it has not. */
export type Failure =
  | { readonly by: "nothing" }
  /** What was asked for is against a rule: the policy can be mended. */
  | { readonly by: "policy"; readonly message: string }
  | { readonly by: "something else"; readonly message: string };

/** Reasons of InvalidRequest that lie in what was asked for and in the issuer's rules. */
const ofPolicy: ReadonlySet<string> = new Set([
  failureReasons.refused,
  failureReasons.invalidDuration,
  failureReasons.unreadableDuration,
  failureReasons.deniedReference,
]);

export function isOfCapstan({ spec }: RetriedCertificate | RetriedRequest): boolean {
  return spec?.issuerRef?.group === apiGroup;
}

/** How a request failed. InvalidRequest has the issuer's reason; Ready has cert-manager's own "Failed" for all of them. */
export function failureOf(request: RetriedRequest): Failure {
  const conditions = request.status?.conditions ?? [];
  const find = (type: string): Condition | undefined => conditions.find((condition) => condition.type === type);
  const ready = find("Ready");
  if (find("Denied")?.status === "True") {
    return { by: "something else", message: `its approver denied it: ${find("Denied")?.message ?? ""}` };
  }
  if (ready?.reason !== "Failed") return { by: "nothing" };
  const invalid = find("InvalidRequest");
  const message = invalid?.message ?? ready.message ?? "";
  return invalid?.status === "True" && ofPolicy.has(invalid.reason ?? "")
    ? { by: "policy", message }
    : { by: "something else", message };
}

/** The newest request that a Certificate controls: cert-manager deletes a failed one only when it tries again. */
export function newestRequestOf(
  certificate: RetriedCertificate,
  requests: readonly RetriedRequest[],
): RetriedRequest | undefined {
  const { uid } = certificate.metadata;
  return requests
    .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid))
    .toSorted((left, right) => createdAt(left) - createdAt(right))
    .at(-1);
}

export function hasOwner({ metadata }: RetriedRequest): boolean {
  return (metadata.ownerReferences?.length ?? 0) > 0;
}

function createdAt({ metadata }: KubeObject): number {
  return Date.parse(metadata.creationTimestamp ?? "");
}

/** As `cmctl renew` asks cert-manager for a new certificate at once: Issuing is True, whatever its backoff. */
export function askedAnew(certificate: RetriedCertificate, now: string): RetriedCertificate {
  const others = (certificate.status?.conditions ?? []).filter(({ type }) => type !== "Issuing");
  const issuing = {
    type: "Issuing",
    status: "True",
    reason: "ManuallyTriggered",
    message: "Tried again by kubectl capstan retry, after a policy was mended",
    lastTransitionTime: now,
    observedGeneration: certificate.metadata.generation ?? 0,
  };
  return { ...certificate, status: { ...certificate.status, conditions: [...others, issuing] } };
}
