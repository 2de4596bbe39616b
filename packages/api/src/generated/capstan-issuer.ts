// Generated from packages/api/crds by packages/api/tools/generate.ts; do not edit.
import type { CustomObject, CustomResource } from "../custom-resource.ts";

/**
 * An issuer for the CertificateRequests of its own namespace.
 */
export interface CapstanIssuerBody {
  spec: {
    /**
     * The CertificateAuthority that signs.
     */
    caRef: {
      name: string;
    };
    /**
     * RolesAnywhere: exactly what IAM Roles Anywhere accepts and maps into session tags. General: what cert-manager's own CA issuer can do, for an authority without trust anchors alone.
     */
    profile: "RolesAnywhere" | "General";
    /**
     * Lifetime of a leaf whose request names none, as a Go duration.
     */
    defaultDuration: string;
    /**
     * Upper bound of a leaf's lifetime, as a Go duration; the authority's maxLeafDuration holds in any case.
     */
    maxDuration?: string;
    /**
     * How long signing for a request is tried while this issuer is Ready, before the request fails, as a Go duration; 0s tries for ever. The controller's own limit when absent.
     */
    retryLimit?: string;
    /**
     * What happens to a request that asks for more than maxDuration or the authority's maxLeafDuration.
     */
    overMaximum: "Refuse" | "Clamp";
    /**
     * Usages that a request may ask for, in cert-manager's names, out of the authority's. All of those when absent.
     */
    usages?: (
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
     * Keys that a leaf may have. All that the profile has when absent; Ed25519 is General's alone.
     */
    keyAlgorithms?: ("RSA-2048" | "RSA-3072" | "RSA-4096" | "ECDSA-P256" | "ECDSA-P384" | "Ed25519")[];
    /**
     * What must be known of the requester. Namespace (when absent): the namespace, which cert-manager's requests for Certificates show. ServiceAccount: the service account too, so that it must have made the request itself, as csi-driver with token requests does.
     */
    attestation?: "Namespace" | "ServiceAccount";
    /**
     * How many certificates may be issued. A request over it waits.
     */
    quota?: {
      /**
       * For each namespace apart, refilled evenly.
       */
      perNamespace: {
        certificates: number;
        /**
         * A Go duration. Two of them up to the ledger retention are sure to be counted through a change of leader.
         */
        per: string;
      };
    };
    /**
     * Allow CA certificates (isCA), where the authority's issuance.caCertificates does too. Profile General only.
     */
    caCertificates?: {
      /**
       * Upper bound of pathLen, and its value where the request has none.
       */
      maxPathLength: number;
    };
    /**
     * Which names a request may carry. A kind of name without a rule is refused.
     */
    policy: {
      commonName?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot, slash, colon or @; at most one in a label. {namespace} is the namespace of the request, {serviceAccount} the service account that made it and {podName} that account's pod, where these are attested; both only beside {namespace}. A label holds either a * or one placeholder.
         */
        allow?: string[];
        /**
         * Allow every value that the profile lets pass, to every namespace. Profile General only.
         */
        allowAny?: true;
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      organization?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot, slash, colon or @; at most one in a label. {namespace} is the namespace of the request, {serviceAccount} the service account that made it and {podName} that account's pod, where these are attested; both only beside {namespace}. A label holds either a * or one placeholder.
         */
        allow?: string[];
        /**
         * Allow every value that the profile lets pass, to every namespace. Profile General only.
         */
        allowAny?: true;
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      organizationalUnit?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot, slash, colon or @; at most one in a label. {namespace} is the namespace of the request, {serviceAccount} the service account that made it and {podName} that account's pod, where these are attested; both only beside {namespace}. A label holds either a * or one placeholder.
         */
        allow?: string[];
        /**
         * Allow every value that the profile lets pass, to every namespace. Profile General only.
         */
        allowAny?: true;
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      country?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot, slash, colon or @; at most one in a label. {namespace} is the namespace of the request, {serviceAccount} the service account that made it and {podName} that account's pod, where these are attested; both only beside {namespace}. A label holds either a * or one placeholder.
         */
        allow?: string[];
        /**
         * Allow every value that the profile lets pass, to every namespace. Profile General only.
         */
        allowAny?: true;
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      province?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot, slash, colon or @; at most one in a label. {namespace} is the namespace of the request, {serviceAccount} the service account that made it and {podName} that account's pod, where these are attested; both only beside {namespace}. A label holds either a * or one placeholder.
         */
        allow?: string[];
        /**
         * Allow every value that the profile lets pass, to every namespace. Profile General only.
         */
        allowAny?: true;
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      locality?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot, slash, colon or @; at most one in a label. {namespace} is the namespace of the request, {serviceAccount} the service account that made it and {podName} that account's pod, where these are attested; both only beside {namespace}. A label holds either a * or one placeholder.
         */
        allow?: string[];
        /**
         * Allow every value that the profile lets pass, to every namespace. Profile General only.
         */
        allowAny?: true;
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      /**
       * Rules for further attributes of the subject, by type. Profile General only.
       */
      otherSubjectAttributes?: {
        /**
         * serialNumber, street, postalCode, DC, UID, emailAddress, title, SN, GN or a dotted object identifier; "*" for every type that has no entry here.
         */
        type: string;
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot, slash, colon or @; at most one in a label. {namespace} is the namespace of the request, {serviceAccount} the service account that made it and {podName} that account's pod, where these are attested; both only beside {namespace}. A label holds either a * or one placeholder.
         */
        allow?: string[];
        /**
         * Allow every value that the profile lets pass, to every namespace. Profile General only.
         */
        allowAny?: true;
        /**
         * Refuse requests without it.
         */
        required: boolean;
      }[];
      dnsNames?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot, slash, colon or @; at most one in a label. {namespace} is the namespace of the request, {serviceAccount} the service account that made it and {podName} that account's pod, where these are attested; both only beside {namespace}. A label holds either a * or one placeholder.
         */
        allow?: string[];
        /**
         * Allow every value that the profile lets pass, to every namespace. Profile General only.
         */
        allowAny?: true;
        /**
         * Let a whole * in a pattern also match a wildcard, the name *.example.org itself. Profile General only.
         */
        wildcards?: boolean;
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      ipAddresses?: {
        /**
         * Addresses and networks in CIDR form, one of which must hold the address.
         */
        allow?: string[];
        /**
         * Allow every value that the profile lets pass, to every namespace. Profile General only.
         */
        allowAny?: true;
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      emailAddresses?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot, slash, colon or @; at most one in a label. {namespace} is the namespace of the request, {serviceAccount} the service account that made it and {podName} that account's pod, where these are attested; both only beside {namespace}. A label holds either a * or one placeholder.
         */
        allow?: string[];
        /**
         * Allow every value that the profile lets pass, to every namespace. Profile General only.
         */
        allowAny?: true;
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      uris?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot, slash, colon or @; at most one in a label. {namespace} is the namespace of the request, {serviceAccount} the service account that made it and {podName} that account's pod, where these are attested; both only beside {namespace}. A label holds either a * or one placeholder.
         */
        allow?: string[];
        /**
         * Allow every value that the profile lets pass, to every namespace. Profile General only.
         */
        allowAny?: true;
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      /**
       * Rules for otherName, by the object identifier of its type; patterns are about values that are text. Profile General only.
       */
      otherNames?: {
        /**
         * A dotted object identifier; "*" for every type that has no entry here.
         */
        oid: string;
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot, slash, colon or @; at most one in a label. {namespace} is the namespace of the request, {serviceAccount} the service account that made it and {podName} that account's pod, where these are attested; both only beside {namespace}. A label holds either a * or one placeholder.
         */
        allow?: string[];
        /**
         * Allow every value that the profile lets pass, to every namespace. Profile General only.
         */
        allowAny?: true;
        /**
         * Refuse requests without it.
         */
        required: boolean;
      }[];
    };
  };
  status?: {
    observedGeneration?: number;
    /**
     * Which hold of issuing this issuer stands still for: nothing was released after it wrote this.
     */
    standsStill?: {
      authority: string;
      /**
       * status.frozen.order of the authority.
       */
      order: number;
    };
    /**
     * What this policy would say to the unexpired leaves of the ledger that this issuer released, if they were asked for again. Written after the issuer or its authority has changed.
     */
    liveLeaves?: {
      /**
       * metadata.generation of the issuer that was asked.
       */
      observedGeneration: number;
      /**
       * How many leaves were looked at.
       */
      checked: number;
      /**
       * How many of them it would refuse.
       */
      refused: number;
      /**
       * One of those refused.
       */
      example?: {
        /**
         * Name of the IssuedCertificate.
         */
        record: string;
        namespace: string;
        violation: string;
      };
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

/** An issuer for the CertificateRequests of its own namespace. */
export type CapstanIssuer = CustomObject<"CapstanIssuer"> & CapstanIssuerBody;

export const capstanIssuerResource: CustomResource<"CapstanIssuer"> = {
  group: "capstan.dev",
  version: "v1alpha1",
  plural: "capstanissuers",
  kind: "CapstanIssuer",
  namespaced: true,
};
