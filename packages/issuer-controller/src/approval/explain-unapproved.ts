import { type ApproveRight, type Approver, type SignerNames, userNameOf } from "./approve-right.ts";

/** What is known of a request that stays unapproved. */
export interface UnapprovedFacts {
  readonly approver: Approver;
  readonly signer: SignerNames;
  /** Who made the request, as the API server recorded it. */
  readonly requester: string | undefined;
}

/** What keeps a request unapproved, for its owner: which rule is missing where, and what to do. Fits into an event. */
export function explainUnapproved({ right, ...facts }: UnapprovedFacts & { readonly right: ApproveRight }): string {
  return explanations[right](facts);
}

const explanations: Readonly<Record<ApproveRight, (facts: UnapprovedFacts) => string>> = {
  missing: ({ approver, signer }) =>
    `Not approved for a minute: ${userNameOf(approver)} may not approve for signer ${signer.one}. It has no ClusterRole with the rule ${approveRule(signer)}. ${bindIt}`,
  unknown: ({ approver, signer }) =>
    `Not approved for a minute. Does ${userNameOf(approver)} have a ClusterRole with the rule ${approveRule(signer)}? It could not be checked, since the issuer controller may not create subjectaccessreviews.authorization.k8s.io. ${bindIt}`,
  granted: ({ approver, signer, requester = "the requester" }) =>
    `Not approved for a minute, although ${userNameOf(approver)} may approve for signer ${signer.one}: no approve rule is missing. Its approver does not run, or it is approver-policy and no CertificateRequestPolicy selects this request for ${requester}: that user needs the rule apiGroups: [policy.cert-manager.io], resources: [certificaterequestpolicies], verbs: [use], resourceNames: [a policy that selects ${signer.one}]`,
};

function approveRule({ every }: SignerNames): string {
  return `apiGroups: [cert-manager.io], resources: [signers], verbs: [approve], resourceNames: ["${every}"]`;
}

const bindIt =
  "Bind ClusterRole cert-manager-controller-approve:capstan-dev (deploy/manifests/cert-manager-approval.yaml) to it, or start the issuer controller with --approver=NAMESPACE/NAME if another account approves";
