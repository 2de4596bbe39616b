import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** Among them what zlint has as e_san_bare_wildcard, e_san_wildcard_not_first, e_rfc_dnsname_label_too_long and e_ext_san_uri_relative. */
export const subjectAltNameValues: LintRule = {
  name: "subject_alt_names_have_legal_values",
  source: "RFC 5280, 4.2.1.6; RFC 1123, 2.1; RFC 3986",
  profiles: EVERY_PROFILE,
  faultOf: ({ alternativeNames, profile }) => {
    for (const { kind, value } of alternativeNames?.names ?? []) {
      const fault = profile.alternativeNames[kind]?.faultOf(value);
      if (fault !== undefined) return `a name of kind ${kind} ${fault}`;
    }
    return undefined;
  },
};
