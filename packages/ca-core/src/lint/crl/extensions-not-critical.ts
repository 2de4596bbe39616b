import type { CrlRule, FoundCrl } from "./rule.ts";

export const extensionsNotCritical: CrlRule<FoundCrl> = {
  name: "crl_extensions_are_not_critical",
  source: "RFC 5280, 5.2.1 and 5.2.3",
  code: "ERR_CRL_PROFILE",
  faultOf: ({ extensions }) => {
    const critical = extensions.find((extension) => extension.critical);
    return critical === undefined ? undefined : `extension ${critical.oid} must not be critical`;
  },
};
