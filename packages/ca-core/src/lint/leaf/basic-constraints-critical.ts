import { OID } from "../../lib/oids.ts";
import { EVERY_PROFILE, extensionOf, type LintRule } from "../rule.ts";

export const basicConstraintsCritical: LintRule = {
  name: "e_basic_constraints_not_critical",
  source: "RFC 5280, 4.2.1.9",
  profiles: EVERY_PROFILE,
  faultOf: (leaf) =>
    extensionOf(leaf, OID.basicConstraints)?.critical === false ? "basicConstraints is not critical" : undefined,
};
