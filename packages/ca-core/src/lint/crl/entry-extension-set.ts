import type { CrlRule, FoundCrl } from "./rule.ts";

export const entryExtensionSet: CrlRule<FoundCrl> = {
  name: "crl_entry_has_no_extension_but_a_reason_code",
  source: "RFC 5280, 5.3.1",
  code: "ERR_CRL_PROFILE",
  faultOfEntry: ({ otherExtensions }) =>
    otherExtensions === undefined || otherExtensions.children.length === 0
      ? undefined
      : "its extensions are not one reason code that is not critical",
};
