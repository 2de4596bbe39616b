// Generated from packages/api/crds by packages/api/tools/generate.ts; do not edit.
import type { CustomObject, CustomResource } from "../custom-resource.ts";

/**
 * An issuer for the CertificateRequests of every namespace that its CertificateAuthority allows.
 */
export interface CapstanClusterIssuerBody {
  spec: {
    /**
     * The CertificateAuthority that signs.
     */
    caRef: {
      name: string;
    };
    /**
     * RolesAnywhere: exactly what IAM Roles Anywhere accepts and maps into session tags.
     */
    profile: "RolesAnywhere";
    /**
     * Lifetime of a leaf whose request names none, as a Go duration.
     */
    defaultDuration: string;
    /**
     * What happens to a request that asks for more than the authority's maxLeafDuration.
     */
    overMaximum: "Refuse" | "Clamp";
    /**
     * Which names a request may carry. A kind of name without a rule is refused.
     */
    policy: {
      commonName?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot or a slash; at most one in a label, and none in the same label as {namespace}, which is the request's namespace.
         */
        allow: string[];
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      organization?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot or a slash; at most one in a label, and none in the same label as {namespace}, which is the request's namespace.
         */
        allow: string[];
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      organizationalUnit?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot or a slash; at most one in a label, and none in the same label as {namespace}, which is the request's namespace.
         */
        allow: string[];
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      dnsNames?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot or a slash; at most one in a label, and none in the same label as {namespace}, which is the request's namespace.
         */
        allow: string[];
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
      uris?: {
        /**
         * Patterns, one of which must match the whole value. A * is one label: one or more characters, none of them a dot or a slash; at most one in a label, and none in the same label as {namespace}, which is the request's namespace.
         */
        allow: string[];
        /**
         * Refuse requests without it.
         */
        required: boolean;
      };
    };
  };
  status?: {
    observedGeneration?: number;
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

/** An issuer for the CertificateRequests of every namespace that its CertificateAuthority allows. */
export type CapstanClusterIssuer = CustomObject<"CapstanClusterIssuer"> & CapstanClusterIssuerBody;

export const capstanClusterIssuerResource: CustomResource<"CapstanClusterIssuer"> = {
  group: "capstan.dev",
  version: "v1alpha1",
  plural: "capstanclusterissuers",
  kind: "CapstanClusterIssuer",
  namespaced: false,
};
