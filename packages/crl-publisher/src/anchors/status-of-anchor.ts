import type { CertificateAuthority } from "@capstan/api";
import { parseTrustAnchorArn } from "@capstan/rolesanywhere";
import type { AnchorSpec, AnchorStatus } from "../authority/authority-parts.ts";

/** What status says of a trust anchor of the spec; undefined when it speaks of one elsewhere that had its name. */
export function statusOfAnchor({ status }: CertificateAuthority, spec: AnchorSpec): AnchorStatus | undefined {
  const known = status?.trustAnchors?.find(({ name }) => name === spec.name);
  return known?.arn === undefined || isAt(known.arn, spec) ? known : undefined;
}

/** Whether a trust anchor is the one, or in the place, that the spec names. */
function isAt(arn: string, spec: AnchorSpec): boolean {
  if (spec.arn !== undefined) return arn === spec.arn;
  const { region, account } = parseTrustAnchorArn(arn);
  return region === spec.region && account === spec.account;
}
