// Generated from packages/api/crds by packages/api/tools/generate.ts; do not edit.
import type { CustomObject, CustomResource } from "../custom-resource.ts";

/**
 * Orders something of a certificate authority, in Capstan's own namespace. Once Accepted it is kept in the authority's status: deleting it changes nothing.
 */
export interface AuthorityOperationBody {
  spec: {
    /**
     * Name of the CertificateAuthority.
     */
    authority: string;
    /**
     * Freeze: hold issuing. Unfreeze: let it go on. Rotate: replace the active generation now. Compromised: replace generations at once, without drain. Abandon: give up the generation that is being introduced. Recover: go on after a restore from a backup. Release: let a CertificateAuthority that is being deleted go. DisableTrustAnchor: the fastest stop: let AWS give no new session by one trust anchor. EnableTrustAnchor: end that.
     */
    kind:
      | "Freeze"
      | "Unfreeze"
      | "Rotate"
      | "Compromised"
      | "Abandon"
      | "Recover"
      | "Release"
      | "DisableTrustAnchor"
      | "EnableTrustAnchor";
    generations?: number[];
    /**
     * SHA-256 of roots in trust anchors that no generation has any more, lower-case hex. They are kept until nothing that they have issued can be valid.
     */
    acceptedRoots?: string[];
    /**
     * Keep leaves AWS as it is. Delete takes away the trust anchors that Capstan created, and their CRLs.
     */
    aws?: "Keep" | "Delete";
    /**
     * Name of one in spec.trustAnchors of the authority. What was ordered of it holds until the opposite is, also when the operation is deleted.
     */
    trustAnchor?: string;
    /**
     * The user who creates this object; admission refuses any other name.
     */
    requestedBy: string;
  };
  status?: {
    /**
     * Accepted: it is carried on. Done, Refused: it is over.
     */
    phase?: "Accepted" | "Done" | "Refused";
    /**
     * What it waits for, or how it ended.
     */
    message?: string;
    acceptedAt?: string;
    finishedAt?: string;
    conditions?: {
      type: string;
      status: "True" | "False" | "Unknown";
      reason: string;
      message?: string;
      lastTransitionTime: string;
      observedGeneration?: number;
    }[];
  };
}

/** Orders something of a certificate authority, in Capstan's own namespace. Once Accepted it is kept in the authority's status: deleting it changes nothing. */
export type AuthorityOperation = CustomObject<"AuthorityOperation"> & AuthorityOperationBody;

export const authorityOperationResource: CustomResource<"AuthorityOperation"> = {
  group: "capstan.dev",
  version: "v1alpha1",
  plural: "authorityoperations",
  kind: "AuthorityOperation",
  namespaced: true,
};
