import { USAGES } from "../../profile/usages.ts";
import type { LintRule } from "../rule.ts";

export const extendedKeyUsageAny: LintRule = {
  name: "extended_key_usage_is_not_any",
  source: "RFC 5280, 4.2.1.12",
  profiles: ["RolesAnywhere"],
  faultOf: ({ purposes }) =>
    purposes?.includes(USAGES.any.oid) === true ? "anyExtendedKeyUsage is listed" : undefined,
};
