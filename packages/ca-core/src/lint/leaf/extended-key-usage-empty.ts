import { EVERY_PROFILE, type LintRule } from "../rule.ts";

export const extendedKeyUsageEmpty: LintRule = {
  name: "extended_key_usage_is_not_empty",
  source: "RFC 5280, 4.2.1.12",
  profiles: EVERY_PROFILE,
  faultOf: ({ purposes }) => (purposes?.length === 0 ? "the list of purposes is empty" : undefined),
};
