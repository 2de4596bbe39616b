import { EVERY_PROFILE, type LintRule } from "../rule.ts";

export const keyUsageEmpty: LintRule = {
  name: "e_ext_key_usage_without_bits",
  source: "RFC 5280, 4.2.1.3",
  profiles: EVERY_PROFILE,
  faultOf: ({ keyUsage }) => (keyUsage?.length === 0 ? "no bit is set" : undefined),
};
