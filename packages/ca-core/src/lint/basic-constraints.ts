import { OID } from "../lib/oids.ts";
import { TAG } from "../der/tag.ts";
import { extensionOf, type LintRule } from "./rule.ts";

/** cA FALSE is the default, so a leaf's value is the empty SEQUENCE. */
export const basicConstraints: LintRule = {
  name: "basic_constraints_is_empty",
  source: "RFC 5280, 4.2.1.9; IAM Roles Anywhere user guide, Trust model",
  faultOf: (leaf) => {
    const value = extensionOf(leaf, OID.basicConstraints)?.value;
    return value?.tag === TAG.sequence && value.children.length === 0
      ? undefined
      : "basicConstraints says more than: no CA";
  },
};
