import { constraintsOf, EVERY_PROFILE, type LintRule } from "../rule.ts";

export const basicConstraints: LintRule = {
  name: "basic_constraints_say_what_was_decided",
  source: "RFC 5280, 4.2.1.9; IAM Roles Anywhere user guide, Trust model",
  profiles: EVERY_PROFILE,
  faultOf: (leaf) => {
    const { ca } = constraintsOf(leaf);
    if (ca !== leaf.isCa) return leaf.isCa ? "it is no CA certificate" : "it is a CA certificate";
    return ca && !leaf.profile.mayIssueCa ? "the profile has no CA certificates" : undefined;
  },
};
