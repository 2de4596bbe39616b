// Generated from packages/api/crds by packages/api/tools/generate.ts; do not edit.
import type { CustomObject, CustomResource } from "../custom-resource.ts";

/**
 * The revoked serials of one generation and its CRL number.
 */
export interface RevocationListBody {
  spec: {
    authority: string;
    generation: number;
    /**
     * The highest CRL number reserved so far.
     */
    crlNumber: number;
    /**
     * Who asked; entries refer to them by index.
     */
    actors?: string[];
    /**
     * One revoked serial each: serial (hex), revocation time, reason code (RFC 5280, 5.3.1), the certificate's notAfter, index into actors; times in seconds since 1970, separated by single spaces.
     */
    entries?: string[];
  };
  status?: {
    /**
     * The newest CRL whose bytes were checked and stored in the ConfigMap of the same name.
     */
    published?: {
      number: number;
      entries: number;
      thisUpdate: string;
      nextUpdate: string;
      sha256: string;
    };
  };
}

/** The revoked serials of one generation and its CRL number. */
export type RevocationList = CustomObject<"RevocationList"> & RevocationListBody;

export const revocationListResource: CustomResource<"RevocationList"> = {
  group: "capstan.dev",
  version: "v1alpha1",
  plural: "revocationlists",
  kind: "RevocationList",
  namespaced: true,
};
