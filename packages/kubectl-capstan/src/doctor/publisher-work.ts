import type { CertificateAuthority } from "@capstan/api";

/** What explains that the publisher does not do its work. */
export const publisherFaults: readonly string[] = ["capstan-crds", "capstan-rights", "capstan-pods", "capstan-leaders"];

/** Publishing takes seconds; a burst, a throttled account and a retry some minutes. */
export const revocationPatienceMs: number = 10 * 60_000;

/** How a finding names an authority. */
export function authoritySubject({ metadata }: CertificateAuthority): string {
  return `certificateauthority/${metadata.name}`;
}
