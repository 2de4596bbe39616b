// Generated from packages/api/crds by packages/api/tools/generate.ts; do not edit.
import type { CustomObject, CustomResource } from "../custom-resource.ts";

/**
 * Revokes a leaf. In a workload's namespace it reaches the leaves of that namespace, in Capstan's own namespace every leaf. Once Accepted, deleting it changes nothing: a revocation cannot be undone.
 */
export interface RevocationBody {
  spec: {
    target: {
      /**
       * The certificate's serial number, lower-case hex without a leading 00.
       */
      serial?: string;
      /**
       * The name of its ledger record.
       */
      issuedCertificate?: string;
    };
    /**
     * As in RFC 5280, 5.3.1.
     */
    reason: "unspecified" | "keyCompromise" | "superseded" | "cessationOfOperation" | "privilegeWithdrawn";
    /**
     * Whether what holds the leaf gets another one: a Certificate is renewed, a pod with a volume of the csi-driver is evicted. Left out: no.
     */
    reissue?: boolean;
    /**
     * The user who creates this object; admission refuses any other name.
     */
    requestedBy: string;
  };
  status?: {
    serial?: string;
    issuedCertificate?: string;
    authority?: string;
    generation?: number;
    /**
     * The first CRL that names the serial.
     */
    crlNumber?: number;
    /**
     * Progress in each trust anchor.
     */
    anchors?: {
      name: string;
      /**
       * The anchor was read back with a CRL that names the serial.
       */
      published: boolean;
      crlNumber?: number;
      message?: string;
    }[];
    /**
     * Progress of the re-issue, written by the issuer controller.
     */
    reissue?: {
      /**
       * Waiting: not asked for yet. Requested: on its way. Done: the revoked leaf is replaced, or nothing holds it any more. Impossible: a person must act.
       */
      state: "Waiting" | "Requested" | "Done" | "Impossible";
      /**
       * Kind/name of what holds the leaf.
       */
      owner?: string;
      message?: string;
      /**
       * When it came into this state.
       */
      since: string;
    };
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

/** Revokes a leaf. In a workload's namespace it reaches the leaves of that namespace, in Capstan's own namespace every leaf. Once Accepted, deleting it changes nothing: a revocation cannot be undone. */
export type Revocation = CustomObject<"Revocation"> & RevocationBody;

export const revocationResource: CustomResource<"Revocation"> = {
  group: "capstan.dev",
  version: "v1alpha1",
  plural: "revocations",
  kind: "Revocation",
  namespaced: true,
};
