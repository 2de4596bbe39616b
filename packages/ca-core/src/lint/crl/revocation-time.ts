import type { CrlRule } from "./rule.ts";

export const revocationTime: CrlRule = {
  name: "crl_revocation_time_after_this_update",
  source: "RFC 5280, 5.1.2.4 and 5.1.2.6",
  code: "ERR_CRL_ENTRY_TIME",
  faultOfEntry: ({ revokedAtMs }, _, { thisUpdate }) =>
    revokedAtMs <= thisUpdate.getTime() ? undefined : "it is revoked after thisUpdate",
};
