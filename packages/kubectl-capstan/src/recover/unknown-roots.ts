import type { CertificateAuthority } from "@capstan/api";

/** A root in trust anchors that our state does not know. */
export interface UnknownRoot {
  /** SHA-256, lower-case hex. */
  readonly fingerprint: string;
  readonly trustAnchors: readonly string[];
}

/** The roots that trust anchors were read back with, and that neither a generation nor the spec nor an earlier Recover has. */
export function unknownRoots({ spec, status }: CertificateAuthority): readonly UnknownRoot[] {
  const known = new Set([
    ...(status?.generations ?? []).map(({ fingerprint }) => fingerprint),
    ...(status?.acceptedRoots ?? []).map(({ fingerprint }) => fingerprint),
    ...(spec.trustAnchors ?? []).flatMap(({ foreignRoots = [] }) => foreignRoots.map(({ fingerprint }) => fingerprint)),
  ]);
  const found = new Map<string, string[]>();
  for (const { name, bundle = [] } of status?.trustAnchors ?? []) {
    for (const fingerprint of bundle) {
      if (!known.has(fingerprint)) found.set(fingerprint, [...(found.get(fingerprint) ?? []), name]);
    }
  }
  return [...found].map(([fingerprint, trustAnchors]) => ({ fingerprint, trustAnchors }));
}
