// Generated from packages/api/crds by packages/api/tools/generate.ts; do not edit.
import type { CustomObject, CustomResource } from "../custom-resource.ts";

/**
 * Revokes leaves. In a workload's namespace it reaches the leaves of that namespace, in Capstan's own namespace every leaf. Once Accepted, deleting it changes nothing: a revocation cannot be undone.
 */
export interface RevocationBody {
  spec: {
    /**
     * What to revoke. In a workload's namespace a certificate is reached only when the ledger says that it was issued to that namespace.
     */
    target: {
      /**
       * The certificate's serial number in hexadecimal. Upper case, colons between octets, 0x and leading zeros are understood.
       */
      serial?: string;
      /**
       * The certificate itself in PEM. In Capstan's own namespace one is revoked by it that the ledger does not know, once its signature shows that it is of one of our generations.
       */
      certificate?: string;
      /**
       * The name of its ledger record.
       */
      issuedCertificate?: string;
      /**
       * SHA-256 of a SubjectPublicKeyInfo in lower-case hex: every certificate with this key, and none is issued for it any more. In a workload's namespace both count for that namespace alone.
       */
      publicKeySha256?: string;
      /**
       * Every certificate that this service account is attested to have asked for before this Revocation was made.
       */
      serviceAccount?: {
        name: string;
        /**
         * Default: the Revocation's own.
         */
        namespace?: string;
      };
      /**
       * A whole generation: its root is taken out of every trust anchor, which refuses all that it has signed. In Capstan's own namespace alone.
       */
      generation?: {
        authority: string;
        number: number;
      };
    };
    /**
     * As in RFC 5280, 5.3.1.
     */
    reason: "unspecified" | "keyCompromise" | "superseded" | "cessationOfOperation" | "privilegeWithdrawn";
    /**
     * Whether what holds a revoked leaf gets another one: a Certificate is renewed, a pod with a volume of the csi-driver is evicted, two leaves a second. Left out: no.
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
     * When the one certificate that it names ends.
     */
    notAfter?: string;
    /**
     * How many certificates a target that names several of them has reached.
     */
    certificates?: number;
    /**
     * When the public key was blocked.
     */
    blockedAt?: string;
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
       * Waiting: not asked for yet. Requested: on its way. Done: the revoked leaf is replaced, or nothing holds it any more. Impossible: a person must act. Of several leaves: Requested until each is replaced or needs a person.
       */
      state: "Waiting" | "Requested" | "Done" | "Impossible";
      /**
       * Kind/name of what holds the leaf.
       */
      owner?: string;
      /**
       * Of a target that names several: how many revoked certificates are to be replaced.
       */
      certificates?: number;
      /**
       * How many of them are.
       */
      replaced?: number;
      /**
       * How many of them need a person.
       */
      impossible?: number;
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

/** Revokes leaves. In a workload's namespace it reaches the leaves of that namespace, in Capstan's own namespace every leaf. Once Accepted, deleting it changes nothing: a revocation cannot be undone. */
export type Revocation = CustomObject<"Revocation"> & RevocationBody;

export const revocationResource: CustomResource<"Revocation"> = {
  group: "capstan.dev",
  version: "v1alpha1",
  plural: "revocations",
  kind: "Revocation",
  namespaced: true,
};
