import { OID } from "../../lib/oids.ts";
import { EVERY_PROFILE, extensionOf, type LintRule } from "../rule.ts";

export const authorityKeyIdentifierCritical: LintRule = {
  name: "e_ext_authority_key_identifier_critical",
  source: "RFC 5280, 4.2.1.1",
  profiles: EVERY_PROFILE,
  faultOf: (leaf) =>
    extensionOf(leaf, OID.authorityKeyIdentifier)?.critical === true ? "authorityKeyIdentifier is critical" : undefined,
};
