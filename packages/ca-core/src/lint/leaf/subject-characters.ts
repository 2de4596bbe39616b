import { valueFault } from "../../profile/check-name.ts";
import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** Also what zlint calls w_subject_dn_leading_whitespace and w_subject_dn_trailing_whitespace. */
export const subjectCharacters: LintRule = {
  name: "e_subject_dn_not_printable_characters",
  source: "RFC 5280, 7.1; STS API, Tag",
  profiles: EVERY_PROFILE,
  faultOf: ({ subject: { attributes }, profile }) =>
    attributes.map(({ value }) => valueFault(profile.subject, value)).find((fault) => fault !== undefined)?.rule,
};
