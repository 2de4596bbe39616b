import { isSameName } from "../../name/compare-names.ts";
import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** Under the name of the root it would be looked for, and taken, as the issuer of other certificates. */
export const subjectNotRoot: LintRule = {
  name: "subject_is_not_the_root_s",
  source: "RFC 5280, 3.2",
  profiles: EVERY_PROFILE,
  faultOf: ({ subject, root }) =>
    isSameName(subject.attributes, root.subject) ? "the subject is the root's own name" : undefined,
};
