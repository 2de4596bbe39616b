/** The API group of every kind of ours. */
export const apiGroup = "capstan.dev";

/** apiVersion of every kind of ours. */
export const apiVersion = "capstan.dev/v1alpha1";

/** Namespace that holds keys, ledger, marks and lists; tenants have no rights in it. */
export const defaultNamespace = "capstan-system";

/** `<ca>-<generation>`: the name of a generation's key Secret, mark, RevocationList and CRL ConfigMap. */
export function generationName(authority: string, generation: number): string {
  return `${authority}-${generation}`;
}

/** `<ca>-bundle`: the ConfigMap with the roots that relying parties should trust now. */
export function bundleName(authority: string): string {
  return `${authority}-bundle`;
}

/** Finalizer of a CertificateAuthority: it stays until nothing that it has issued can be valid, or an operator lets it go. */
export const authorityFinalizer = "capstan.dev/leaves-may-be-valid";

/** Annotation on a key Secret: SHA-256 of its root certificate, lower-case hex. */
export const fingerprintAnnotation = "capstan.dev/root-sha256";

/** Label on everything that belongs to an authority. */
export const authorityLabel = "capstan.dev/authority";

/** Label on a ledger record: the end of its leaf in seconds since 1970, so that a list of metadata alone tells what has expired. */
export const notAfterLabel = "capstan.dev/not-after";

/** Label on ledger records: a digest over issuer, namespace and all that was asked for, by which a renewal finds its predecessors. */
export const askedLabel = "capstan.dev/asked";

/** Label on ledger records whose issuer has a quota: a digest over whose quota it was and when, so that a new leader finds what is used up. */
export const quotaLabel = "capstan.dev/quota";

/** Label on published ConfigMaps: what they hold. */
export const publishedLabel = "capstan.dev/published";

/** Keys of the ConfigMap that holds the published CRL of a generation, and its root, which outlives the key. */
export const crlKeys = { pem: "crl.pem", der: "crl.der", root: "root.pem" } as const;

/** Key of the ConfigMap that holds an authority's roots. */
export const bundleKey = "bundle.pem";
