import { usageOfBit } from "../../profile/usages.ts";
import { EVERY_PROFILE, type LintRule } from "../rule.ts";

export const keyUsageMeaning: LintRule = {
  name: "key_usage_bits_have_a_meaning",
  source: "RFC 5280, 4.2.1.3",
  profiles: EVERY_PROFILE,
  faultOf: ({ keyUsage }) =>
    keyUsage?.some((bit) => usageOfBit(bit) === undefined) === true ? "a bit is set that has no meaning" : undefined,
};
