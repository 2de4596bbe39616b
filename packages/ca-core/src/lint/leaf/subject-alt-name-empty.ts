import { OID } from "../../lib/oids.ts";
import { EVERY_PROFILE, extensionOf, type LintRule } from "../rule.ts";

export const subjectAltNameEmpty: LintRule = {
  name: "e_ext_san_no_entries",
  source: "RFC 5280, 4.2.1.6",
  profiles: EVERY_PROFILE,
  faultOf: (leaf) =>
    extensionOf(leaf, OID.subjectAltName)?.value.children.length === 0 ? "the list of names is empty" : undefined,
};
