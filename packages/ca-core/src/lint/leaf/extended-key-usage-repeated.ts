import { EVERY_PROFILE, type LintRule } from "../rule.ts";

export const extendedKeyUsageRepeated: LintRule = {
  name: "extended_key_usage_purposes_appear_once",
  source: "RFC 5280, 4.2.1.12",
  profiles: EVERY_PROFILE,
  faultOf: ({ purposes = [] }) => (new Set(purposes).size === purposes.length ? undefined : "a purpose appears twice"),
};
