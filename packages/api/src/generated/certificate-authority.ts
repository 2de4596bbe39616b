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
    }[];
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
    generations?: {
      number: number;
      phase: "Pending" | "Published" | "Active" | "Draining" | "Retired" | "Destroyed" | "Abandoned";
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
