import type { Condition, IssuedCertificate } from "@capstan/api";
import type { KubeObject, ResourceType } from "@capstan/kube";

/** The part of cert-manager's Certificate that a re-issue reads. */
export interface Certificate extends KubeObject {
  readonly spec?: { readonly privateKey?: { readonly rotationPolicy?: string } };
  readonly status?: {
    /** Of the leaf that its Secret holds. */
    readonly notBefore?: string;
    readonly notAfter?: string;
    readonly lastFailureTime?: string;
    /** Counted up by cert-manager at the end of each issuance. */
    readonly revision?: number;
    readonly conditions?: readonly Omit<Condition, "observedGeneration">[];
  };
}

/** The part of a Pod that a re-issue reads. */
export interface Pod extends KubeObject {
  readonly spec?: { readonly volumes?: readonly { readonly csi?: { readonly driver?: string } }[] };
}

/** What holds the leaf of a record. */
export type LeafHolder =
  | { readonly kind: "Certificate"; readonly object: Certificate }
  | { readonly kind: "Pod"; readonly object: Pod };

export type HolderKind = NonNullable<IssuedCertificate["spec"]["owner"]>["kind"];

export const holderResources: Readonly<Record<HolderKind, ResourceType>> = {
  Certificate: {
    group: "cert-manager.io",
    version: "v1",
    plural: "certificates",
    kind: "Certificate",
    namespaced: true,
  },
  Pod: { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true },
};
