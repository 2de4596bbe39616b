import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** The old string types are read differently by different programs. */
export const subjectStrings: LintRule = {
  name: "subject_strings_are_utf8_or_printable",
  source: "RFC 5280, 4.1.2.4",
  profiles: EVERY_PROFILE,
  faultOf: ({ subject }) => subject.violations[0]?.rule,
};
