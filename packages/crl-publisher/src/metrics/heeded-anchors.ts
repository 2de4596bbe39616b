import type { CertificateAuthority } from "@capstan/api";
import type { AnchorSpec } from "../authority/authority-parts.ts";

/**
 * The trust anchors that metrics tell of. One that is ignored is neither read nor written, so what was last known of it would
 * be told for ever.
 */
export function heededAnchors({ spec }: CertificateAuthority): readonly AnchorSpec[] {
  return (spec.trustAnchors ?? []).filter(({ ignore }) => ignore !== true);
}
