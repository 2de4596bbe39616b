import { constraintsOf, type LintRule } from "../rule.ts";

export const pathLength: LintRule = {
  name: "path_len_is_below_the_root_s",
  source: "RFC 5280, 4.2.1.9",
  profiles: ["General"],
  faultOf: (leaf) => {
    const { ca, pathLength } = constraintsOf(leaf);
    const limit = leaf.root.pathLength;
    if (!ca || limit === undefined) return undefined;
    return pathLength === undefined || pathLength >= limit
      ? `pathLen must be below the root's, which is ${limit}`
      : undefined;
  },
};
