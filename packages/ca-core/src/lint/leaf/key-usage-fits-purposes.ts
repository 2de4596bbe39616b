import { isConsistent } from "../../profile/usages.ts";
import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** One purpose that can be used is enough; zlint wants the bits to be those of the purposes and no other. */
export const keyUsageFitsPurposes: LintRule = {
  name: "e_key_usage_and_extended_key_usage_inconsistent",
  source: "RFC 5280, 4.2.1.12",
  profiles: EVERY_PROFILE,
  faultOf: ({ keyUsage = [], purposes = [], isCa }) =>
    isCa || isConsistent(keyUsage, purposes) ? undefined : "no purpose goes with a bit of keyUsage",
};
