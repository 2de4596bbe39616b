import type { CertificateAuthority } from "@capstan/api";
import { NotYet } from "../requests/not-yet.ts";

/**
 * What was recorded before issuing was held is not handed out either: nobody would know of it that it was.
 *
 * @throws {NotYet}
 */
export function assertNotFrozen({ metadata: { name }, status }: CertificateAuthority): void {
  const { frozen } = status ?? {};
  if (frozen === undefined) return;
  throw new NotYet(`CertificateAuthority ${name} holds issuing since ${frozen.since}`, { isPatient: true });
}
