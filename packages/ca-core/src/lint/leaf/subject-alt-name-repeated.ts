import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** Of every kind. */
export const subjectAltNameRepeated: LintRule = {
  name: "n_san_dns_name_duplicate",
  source: "RFC 5280, 4.2.1.6",
  profiles: EVERY_PROFILE,
  faultOf: ({ alternativeNames }) => {
    const names = (alternativeNames?.names ?? []).map(({ kind, value }) => `${kind}:${value}`);
    return new Set(names).size === names.length ? undefined : "a name appears twice";
  },
};
