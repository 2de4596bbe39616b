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
    /**
     * Public keys that no certificate is issued for any more. To unblock one, take it out of every list of this authority: nothing puts it back.
     */
    blockedKeys?: {
      /**
       * SHA-256 of the SubjectPublicKeyInfo, lower-case hex.
       */
      sha256: string;
      /**
       * The namespace that it is blocked for. Left out: every one.
       */
      namespace?: string;
      /**
       * When it was blocked.
       */
      at: string;
      /**
       * Who asked for it.
       */
      requestedBy: string;
    }[];
  };
  status?: {
    /**
     * How full the CRL is: AWS takes 300,000 characters of PEM.
     */
    capacity?: {
      /**
       * Part of what AWS, this list or etcd takes, whichever is fullest, rounded up.
       */
      percent: number;
      /**
       * PEM characters of the next CRL, at most.
       */
      characters: number;
      entries: number;
      /**
       * Listed: each entry has its reason. Left out: from 80 percent on reasons are left out of the CRL for room; this list keeps them.
       */
      reasons: "Listed" | "LeftOut";
      /**
       * Revoked certificates that the CRL has no room for.
       */
      waiting?: number;
    };
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
