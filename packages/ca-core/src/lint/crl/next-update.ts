import type { CrlRule } from "./rule.ts";

/** That it is there, in the one form of a time, the reader has seen. */
export const nextUpdate: CrlRule = {
  name: "crl_next_update_is_after_this_update",
  source: "RFC 5280, 5.1.2.5",
  code: "ERR_CRL_NEXT_UPDATE",
  faultOf: (crl) => (crl.nextUpdate > crl.thisUpdate ? undefined : "nextUpdate must be after thisUpdate"),
};
