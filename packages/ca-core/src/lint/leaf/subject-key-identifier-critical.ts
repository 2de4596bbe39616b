import { OID } from "../../lib/oids.ts";
import { EVERY_PROFILE, extensionOf, type LintRule } from "../rule.ts";

export const subjectKeyIdentifierCritical: LintRule = {
  name: "e_ext_subject_key_identifier_critical",
  source: "RFC 5280, 4.2.1.2",
  profiles: EVERY_PROFILE,
  faultOf: (leaf) =>
    extensionOf(leaf, OID.subjectKeyIdentifier)?.critical === true ? "subjectKeyIdentifier is critical" : undefined,
};
