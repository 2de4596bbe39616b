import type { CrlRule, FoundCrl } from "./rule.ts";

export const emptyList: CrlRule<FoundCrl> = {
  name: "crl_empty_revoked_certificates",
  source: "RFC 5280, 5.1.2.6",
  code: "ERR_CRL_PROFILE",
  faultOf: ({ revoked }) =>
    revoked?.content.length === 0 ? "revokedCertificates must be absent when there are none" : undefined,
};
