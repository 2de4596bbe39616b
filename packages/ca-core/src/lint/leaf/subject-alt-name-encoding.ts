import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** What zlint has as e_ext_san_dns_not_ia5_string, e_ext_san_uri_not_ia5 and e_san_dns_name_includes_null_char. */
export const subjectAltNameEncoding: LintRule = {
  name: "subject_alt_names_are_ascii_or_octets",
  source: "RFC 5280, 4.2.1.6",
  profiles: EVERY_PROFILE,
  faultOf: ({ alternativeNames }) => alternativeNames?.violations.find(({ code }) => code !== "ERR_SAN_EMPTY")?.rule,
};
