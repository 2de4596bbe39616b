// Generated from packages/api/crds by packages/api/tools/generate.ts; do not edit.
import type { CustomObject, CustomResource } from "../custom-resource.ts";

/**
 * The ledger record of one leaf. Its name is the uid of the request it answers.
 */
export interface IssuedCertificateBody {
  spec: {
    /**
     * The certificate's serial number, lower-case hex without a leading 00.
     */
    serial: string;
    /**
     * The distinguished name as in RFC 4514; empty for a certificate without one.
     */
    subject: string;
    commonName?: string;
    dnsNames?: string[];
    uris?: string[];
    ipAddresses?: string[];
    emailAddresses?: string[];
    /**
     * Each the DER of an OtherName (RFC 5280, 4.2.1.6) in lower-case hex.
     */
    otherNames?: string[];
    notBefore: string;
    notAfter: string;
    /**
     * Name of the CertificateAuthority.
     */
    authority: string;
    /**
     * The generation that signed.
     */
    generation: number;
    /**
     * Workload: asked for by a request. The others are short-lived leaves of the publisher's own. CrlSentinel: a CRL revokes it. Publisher: it got AWS credentials by it. Canary: it tried by it whether AWS trusts the root.
     */
    purpose: "Workload" | "CrlSentinel" | "Publisher" | "Canary";
    issuerKind?: string;
    issuerName?: string;
    /**
     * metadata.generation of the issuer that was decided on.
     */
    issuerGeneration?: number;
    /**
     * The namespace that was attested of the requester; absent when none was.
     */
    requestNamespace?: string;
    /**
     * CertificateRequest of cert-manager or CertificateSigningRequest of Kubernetes.
     */
    requestKind?: "CertificateRequest" | "CertificateSigningRequest";
    requestName?: string;
    /**
     * What the request was made for and belongs to; a re-issue starts there.
     */
    owner?: {
      /**
       * Certificate: one of cert-manager's. Pod: a volume of the csi-driver asked for it.
       */
      kind: "Certificate" | "Pod";
      name: string;
      uid: string;
    };
    /**
     * SHA-256 over what the request asked for; a record answers only a request with the same hash.
     */
    requestHash?: string;
    /**
     * User name that the API server recorded on the request.
     */
    requester?: string;
    /**
     * SHA-256 of the SubjectPublicKeyInfo in lower-case hex.
     */
    publicKeySha256: string;
    /**
     * The leaf in PEM.
     */
    certificate: string;
  };
  status?: {
    revoked?: {
      at: string;
      reason: "unspecified" | "keyCompromise" | "superseded" | "cessationOfOperation" | "privilegeWithdrawn";
      /**
       * namespace/name of the Revocation that asked for it.
       */
      revocation: string;
      requestedBy?: string;
    };
  };
}

/** The ledger record of one leaf. Its name is the uid of the request it answers. */
export type IssuedCertificate = CustomObject<"IssuedCertificate"> & IssuedCertificateBody;

export const issuedCertificateResource: CustomResource<"IssuedCertificate"> = {
  group: "capstan.dev",
  version: "v1alpha1",
  plural: "issuedcertificates",
  kind: "IssuedCertificate",
  namespaced: true,
};
