import { authorityFinalizer, type CertificateAuthority } from "@capstan/api";

/** Whether an authority would be gone at once when it is deleted, and with it what says whose leaves are out. */
export function lacksFinalizer({ metadata }: CertificateAuthority): boolean {
  return metadata.deletionTimestamp === undefined && metadata.finalizers?.includes(authorityFinalizer) !== true;
}

export function withFinalizer(authority: CertificateAuthority): CertificateAuthority {
  const { metadata } = authority;
  return { ...authority, metadata: { ...metadata, finalizers: [...(metadata.finalizers ?? []), authorityFinalizer] } };
}

export function withoutFinalizer(authority: CertificateAuthority): CertificateAuthority {
  const { metadata } = authority;
  const finalizers = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== authorityFinalizer);
  return { ...authority, metadata: { ...metadata, finalizers } };
}
