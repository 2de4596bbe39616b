import { OID } from "../../lib/oids.ts";
import { EVERY_PROFILE, extensionOf, type LintRule } from "../rule.ts";

export const extendedKeyUsageCritical: LintRule = {
  name: "w_eku_critical_improperly",
  source: "RFC 5280, 4.2.1.12",
  profiles: EVERY_PROFILE,
  faultOf: (leaf) =>
    extensionOf(leaf, OID.extendedKeyUsage)?.critical === true ? "extendedKeyUsage is critical" : undefined,
};
