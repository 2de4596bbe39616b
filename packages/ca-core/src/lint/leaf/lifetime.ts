import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** Counted as cert-manager does, without the last second of an inclusive notAfter. */
export const lifetime: LintRule = {
  name: "lifetime_is_at_most_max_leaf_duration",
  source: "AWS Private CA, short-lived certificate mode",
  profiles: EVERY_PROFILE,
  faultOf: ({ certificate: { notBefore, notAfter }, maxLifetimeMs }) => {
    const lifetimeMs = notAfter.getTime() - notBefore.getTime();
    return lifetimeMs <= maxLifetimeMs
      ? undefined
      : `it lives ${lifetimeMs / 1000} s, at most ${maxLifetimeMs / 1000} s are allowed`;
  },
};
