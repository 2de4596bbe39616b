// Generated from packages/api/crds by packages/api/tools/generate.ts; do not edit.
export { type AuthorityOperation, authorityOperationResource } from "./authority-operation.ts";
export { type CapstanClusterIssuer, capstanClusterIssuerResource } from "./capstan-cluster-issuer.ts";
export { type CapstanIssuer, capstanIssuerResource } from "./capstan-issuer.ts";
export { type CertificateAuthority, certificateAuthorityResource } from "./certificate-authority.ts";
export { type GenerationMark, generationMarkResource } from "./generation-mark.ts";
export { type IssuedCertificate, issuedCertificateResource } from "./issued-certificate.ts";
export { type RevocationList, revocationListResource } from "./revocation-list.ts";
export { type Revocation, revocationResource } from "./revocation.ts";
