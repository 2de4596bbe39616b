import { COUNTRY } from "../../profile/check-name.ts";
import { EVERY_PROFILE, type LintRule } from "../rule.ts";

export const subjectCountry: LintRule = {
  name: "e_subj_country_not_uppercase",
  source: "RFC 5280, A.1; ISO 3166-1",
  profiles: EVERY_PROFILE,
  faultOf: ({ subject: { attributes } }) =>
    attributes.every(({ type, value }) => type !== "C" || COUNTRY.test(value))
      ? undefined
      : "a country is not two upper-case letters",
};
