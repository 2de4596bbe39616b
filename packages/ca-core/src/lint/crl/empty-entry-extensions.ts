import type { CrlRule, FoundCrl } from "./rule.ts";

export const emptyEntryExtensions: CrlRule<FoundCrl> = {
  name: "crl_empty_extn_sequence",
  source: "RFC 5280, appendix A.1",
  code: "ERR_CRL_PROFILE",
  faultOfEntry: ({ otherExtensions }) =>
    otherExtensions?.children.length === 0 ? "crlEntryExtensions must be absent when there are none" : undefined,
};
