import { oidOf } from "../der/fields.ts";
import { OID } from "../lib/oids.ts";
import { USAGES } from "../profile/usages.ts";
import { extensionOf, type LintRule } from "./rule.ts";

export const extendedKeyUsage: LintRule = {
  name: "extended_key_usage_is_not_empty_and_not_any",
  source: "RFC 5280, 4.2.1.12",
  faultOf: (leaf) => {
    const value = extensionOf(leaf, OID.extendedKeyUsage)?.value;
    if (value === undefined) return undefined;
    const oids = value.children.map((child) => oidOf(child, "KeyPurposeId"));
    if (oids.length === 0) return "the list is empty";
    if (new Set(oids).size !== oids.length) return "a purpose appears twice";
    return oids.includes(USAGES.any.oid) ? "anyExtendedKeyUsage is listed" : undefined;
  },
};
