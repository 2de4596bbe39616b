import { constraintsOf, EVERY_PROFILE, type LintRule } from "../rule.ts";

export const pathLengthImproper: LintRule = {
  name: "e_path_len_constraint_improperly_included",
  source: "RFC 5280, 4.2.1.9",
  profiles: EVERY_PROFILE,
  faultOf: (leaf) => {
    const { ca, pathLength } = constraintsOf(leaf);
    return pathLength !== undefined && !ca ? "pathLen is given, and it is no CA certificate" : undefined;
  },
};
