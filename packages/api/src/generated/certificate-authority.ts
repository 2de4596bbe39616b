// Generated from packages/api/crds by packages/api/tools/generate.ts; do not edit.
import type { CustomObject, CustomResource } from "../custom-resource.ts";

/**
 * A certificate authority in the cluster, its root generations and the IAM Roles Anywhere trust anchors that trust it.
 */
export interface CertificateAuthorityBody {
  spec: {
    /**
     * The name of every root of this authority. A serialNumber attribute with the generation's number is added, so that each root's name is unique while the common name stays.
     */
    subject: {
      commonName: string;
      organization?: string;
      organizationalUnit?: string;
    };
    /**
     * Key of the next generation. A change takes effect with the next rotation.
     */
    keyAlgorithm: "RSA-2048" | "RSA-3072" | "RSA-4096" | "ECDSA-P256" | "ECDSA-P384";
    /**
     * Lifetime of a root, as a Go duration.
     */
    rootDuration: string;
    /**
     * Upper bound of every leaf's lifetime, as a Go duration.
     */
    maxLeafDuration: string;
    /**
     * The outer bounds. Issuers can only narrow them.
     */
    issuance: {
      /**
       * Label selector over the namespaces that may be issued to. An empty selector ({}) selects every namespace.
       */
      namespaces: {
        matchLabels?: {
          [k: string]: string;
        };
        matchExpressions?: {
          key: string;
          operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
          values?: string[];
        }[];
      };
      /**
       * Usages that a request may ask for, in cert-manager's names. With trust anchors, the four of the default alone; digital signature is always set then. cert sign and crl sign are a CA certificate's alone, whatever stands here.
       */
      usages: (
        | "signing"
        | "digital signature"
        | "content commitment"
        | "key encipherment"
        | "key agreement"
        | "data encipherment"
        | "cert sign"
        | "crl sign"
        | "encipher only"
        | "decipher only"
        | "any"
        | "server auth"
        | "client auth"
        | "code signing"
        | "email protection"
        | "s/mime"
        | "ipsec end system"
        | "ipsec tunnel"
        | "ipsec user"
        | "timestamping"
        | "ocsp signing"
        | "microsoft sgc"
        | "netscape sgc"
      )[];
      /**
       * Let issuers of profile General allow CA certificates. Not with trust anchors.
       */
      caCertificates?: {
        maxPathLength: number;
      };
      /**
       * Let cluster issuers serve Kubernetes CertificateSigningRequests of requesters that belong to no namespace.
       */
      clusterRequests?: boolean;
      /**
       * Conditions in CEL that every request must fulfil to any issuer of this authority. Variables are request and requester; what cannot be evaluated refuses.
       */
      validations?: {
        expression: string;
        /**
         * What the requester is told when the expression is false.
         */
        message: string;
      }[];
    };
    revocation?: {
      /**
       * Revoke what was issued for a Certificate or a volume of the csi-driver some minutes after the Certificate or the pod is gone. Off by default: it fills the CRL with leaves that nobody has any more, and takes the roles of deploy/manifests/revoke-on-deletion.yaml.
       */
      onDeletion?: boolean;
    };
    /**
     * The trust anchors in AWS that hold this authority's roots.
     */
    trustAnchors?: {
      name: string;
      region: string;
      account: string;
      /**
       * Create the trust anchor when it does not exist.
       */
      create?: boolean;
      /**
       * An existing trust anchor with an external certificate bundle.
       */
      arn?: string;
      /**
       * Go on without this trust anchor. It holds nothing up, is neither read nor written, and has to join again when it comes back.
       */
      ignore?: boolean;
      /**
       * false: the trust anchor is read and holds up the rotation, and is never written. Status says what its owner has to do.
       */
      manage?: boolean;
      /**
       * Roots of another authority that the trust anchor holds, and until when their leaves may be valid. Each takes one of its two places, and is removed after that.
       */
      foreignRoots?: {
        /**
         * SHA-256 of the certificate, lower-case hex.
         */
        fingerprint: string;
        drainUntil: string;
      }[];
      /**
       * How the publisher gets AWS credentials by a leaf of its own; without it, and when no leaf is accepted, by the standard AWS provider chain.
       */
      publisher?: {
        profileArn: string;
        roleArn: string;
      };
      /**
       * Before a new generation signs, and after each new CRL, a leaf of the publisher's own must be accepted, or refused, for this role.
       */
      canary?: {
        profileArn: string;
        roleArn: string;
      };
    }[];
    /**
     * Times of the rotation, as Go durations.
     */
    rotation?: {
      /**
       * How long before its root's end a generation is replaced. Default: 720h or twice spec.maxLeafDuration and two weeks, whichever is longer; never more than half of spec.rootDuration.
       */
      leadTime?: string;
      /**
       * How long every trust anchor is read back unchanged, three times at least, before the next generation signs. Default: 15m.
       */
      soak?: string;
      /**
       * How long a new generation may take until it signs; after that it is given up, and the next one waits as long. Default: 72h.
       */
      deadline?: string;
      /**
       * How long the key of a generation is kept after it has drained, of the newest 24 of them. Default: 168h.
       */
      retention?: string;
    };
  };
  status?: {
    observedGeneration?: number;
    /**
     * The generation that signs now.
     */
    activeGeneration?: number;
    /**
     * The active root's end.
     */
    notAfter?: string;
    /**
     * When the next generation is begun by itself.
     */
    nextRotation?: string;
    /**
     * The highest number of a generation that was ever seen here, in a Secret or in AWS.
     */
    highestGeneration?: number;
    /**
     * The latest time that a step was taken at. A clock that is behind it is not believed.
     */
    highWater?: string;
    /**
     * Issuing to requesters is held; absent when it is not. Roots, CRLs and the publisher's own leaves go on.
     */
    frozen?: {
      holds: ("Operator" | "Compromise")[];
      /**
       * Issuers say by this number which hold they stand still for.
       */
      order: number;
      since: string;
    };
    /**
     * How often issuing was held.
     */
    freezes?: number;
    /**
     * Trust anchors that DisableTrustAnchor operations keep disabled, until EnableTrustAnchor is ordered; absent for none.
     */
    disabledTrustAnchors?: {
      name: string;
      operation: string;
      requestedBy: string;
      since: string;
    }[];
    /**
     * Stored before certificates are removed from a trust anchor, and good for seconds.
     */
    removalIntent?: {
      trustAnchor: string;
      /**
       * SHA-256 fingerprints of exactly what the trust anchor will hold.
       */
      remaining: string[];
      removes: string[];
      expiresAt: string;
    };
    /**
     * Roots that no generation has and that an operator accepted after a restore, and until when they are kept.
     */
    acceptedRoots?: {
      fingerprint: string;
      drainUntil: string;
    }[];
    /**
     * AuthorityOperations in the order in which they were first seen. They are carried on from here: deleting the object ends none.
     */
    operations?: {
      name: string;
      uid: string;
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
      acceptedRoots?: string[];
      aws?: "Keep" | "Delete";
      trustAnchor?: string;
      requestedBy: string;
      seenAt: string;
      startedAt?: string;
      /**
       * Absent while it is carried on.
       */
      outcome?: "Done" | "Refused";
      message?: string;
    }[];
    generations?: {
      number: number;
      phase: "Pending" | "Published" | "Active" | "Draining" | "Retired" | "Destroyed" | "Abandoned";
      /**
       * When it came into the phase.
       */
      phaseSince?: string;
      /**
       * An operator has said so.
       */
      compromised?: boolean;
      /**
       * It is given up, and goes as soon as it may.
       */
      abandoning?: boolean;
      /**
       * It has signed while there were no trust anchors, so perhaps leaves of profile General. With anchors, until when one of them may be valid; its root comes into none before.
       */
      general?: {
        until?: string;
      };
      /**
       * Since when everything that it has issued is to be issued anew.
       */
      reissueOrderedAt?: string;
      /**
       * SHA-256 of the root certificate, lower-case hex.
       */
      fingerprint?: string;
      notBefore?: string;
      notAfter?: string;
      /**
       * The newest CRL of this generation that was checked and stored.
       */
      crl?: {
        number: number;
        thisUpdate: string;
        nextUpdate: string;
        entries: number;
      };
    }[];
    trustAnchors?: {
      name: string;
      arn?: string;
      /**
       * As it was last read.
       */
      state?: "Present" | "Disabled" | "Missing" | "NotABundle";
      /**
       * True once the anchor was read back equal to what was published, and false again when a later read differs.
       */
      joined: boolean;
      /**
       * SHA-256 fingerprints of the certificates read back from the anchor.
       */
      bundle?: string[];
      crls?: {
        generation: number;
        id?: string;
        /**
         * CRL number read back from AWS.
         */
        number: number;
        /**
         * When that CRL was made. Absent for one that cannot be read.
         */
        thisUpdate?: string;
        /**
         * Whether AWS looks at it.
         */
        enabled?: boolean;
      }[];
      /**
       * When the anchor and its CRLs were last read back.
       */
      readAt?: string;
      /**
       * Why the anchor is not joined or not up to date.
       */
      message?: string;
    }[];
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

/** A certificate authority in the cluster, its root generations and the IAM Roles Anywhere trust anchors that trust it. */
export type CertificateAuthority = CustomObject<"CertificateAuthority"> & CertificateAuthorityBody;

export const certificateAuthorityResource: CustomResource<"CertificateAuthority"> = {
  group: "capstan.dev",
  version: "v1alpha1",
  plural: "certificateauthorities",
  kind: "CertificateAuthority",
  namespaced: false,
};
