import type { CertificateAuthority } from "@capstan/api";

// The parts of a CertificateAuthority that have no name in its schema.

export type AuthorityStatus = NonNullable<CertificateAuthority["status"]>;
/** A field that is undefined goes. */
export type StatusChange = { readonly [K in keyof AuthorityStatus]?: AuthorityStatus[K] | undefined };
export type GenerationStatus = NonNullable<AuthorityStatus["generations"]>[number];
export type AnchorSpec = NonNullable<CertificateAuthority["spec"]["trustAnchors"]>[number];
export type AnchorStatus = NonNullable<AuthorityStatus["trustAnchors"]>[number];
export type OperationStatus = NonNullable<AuthorityStatus["operations"]>[number];
