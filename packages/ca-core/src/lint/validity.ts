import type { LintRule } from "./rule.ts";

/** That the times have the one legal form, the reader has seen. */
export const validity: LintRule = {
  name: "validity_lies_within_root",
  source: "RFC 5280, 4.1.2.5",
  faultOf: ({ certificate: { notBefore, notAfter }, root }) => {
    if (notAfter <= notBefore) return "it ends before it begins";
    if (notBefore < root.notBefore) return "it begins before its root";
    return notAfter > root.notAfter ? "it outlives its root" : undefined;
  },
};
