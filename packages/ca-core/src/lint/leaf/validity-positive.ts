import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** That the times have the one legal form, the reader has seen. */
export const validityPositive: LintRule = {
  name: "e_validity_time_not_positive",
  source: "RFC 5280, 4.1.2.5",
  profiles: EVERY_PROFILE,
  faultOf: ({ certificate: { notBefore, notAfter } }) =>
    notBefore < notAfter ? undefined : "it ends before it begins",
};
