import { EVERY_PROFILE, type LintRule } from "../rule.ts";

export const validityWithinRoot: LintRule = {
  name: "validity_lies_within_root",
  source: "RFC 5280, 4.1.2.5",
  profiles: EVERY_PROFILE,
  faultOf: ({ certificate: { notBefore, notAfter }, root }) => {
    if (notBefore < root.notBefore) return "it begins before its root";
    return notAfter > root.notAfter ? "it outlives its root" : undefined;
  },
};
