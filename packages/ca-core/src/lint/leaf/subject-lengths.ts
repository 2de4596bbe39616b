import { lengthFault } from "../../profile/check-name.ts";
import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** What zlint has as e_subject_common_name_max_length, and as one rule for each other type. */
export const subjectLengths: LintRule = {
  name: "subject_values_are_within_their_bounds",
  source: "RFC 5280, A.1; IAM Roles Anywhere user guide, Trust model",
  profiles: EVERY_PROFILE,
  faultOf: ({ subject: { attributes }, profile }) =>
    attributes.map(({ type, value }) => lengthFault(profile.subject, type, value)).find((fault) => fault !== undefined),
};
