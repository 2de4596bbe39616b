import { OID } from "../../lib/oids.ts";
import { EVERY_PROFILE, extensionOf, type LintRule } from "../rule.ts";

export const keyUsageCritical: LintRule = {
  name: "w_ext_key_usage_not_critical",
  source: "RFC 5280, 4.2.1.3",
  profiles: EVERY_PROFILE,
  faultOf: (leaf) => (extensionOf(leaf, OID.keyUsage)?.critical === false ? "keyUsage is not critical" : undefined),
};
