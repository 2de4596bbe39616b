// Generated from packages/api/crds by packages/api/tools/generate.ts; do not edit.
import type { CustomObject, CustomResource } from "../custom-resource.ts";

/**
 * Raised before a leaf is signed and never lowered, so that a root is removed only when no leaf of it can be alive.
 */
export interface GenerationMarkBody {
  spec: {
    authority: string;
    generation: number;
    /**
     * No leaf of the generation ends later.
     */
    notAfter: string;
    /**
     * No leaf of profile General ends later, under which nothing is held to AWS's rules. Raised before such a leaf is signed; absent: none was.
     */
    generalNotAfter?: string;
  };
  status?: {
    /**
     * The generation signs no more.
     */
    sealed?: boolean;
    sealedAt?: string;
    /**
     * The generation that was last given up while this one signed. Written by the same compare-and-swap as the seal, so that of giving up and switching exactly one happens.
     */
    abandons?: number;
  };
}

/** Raised before a leaf is signed and never lowered, so that a root is removed only when no leaf of it can be alive. */
export type GenerationMark = CustomObject<"GenerationMark"> & GenerationMarkBody;

export const generationMarkResource: CustomResource<"GenerationMark"> = {
  group: "capstan.dev",
  version: "v1alpha1",
  plural: "generationmarks",
  kind: "GenerationMark",
  namespaced: true,
};
