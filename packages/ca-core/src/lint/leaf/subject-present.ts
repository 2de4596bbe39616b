import type { LintRule } from "../rule.ts";

export const subjectPresent: LintRule = {
  name: "subject_is_not_empty",
  source: "IAM Roles Anywhere user guide, Trust model",
  profiles: ["RolesAnywhere"],
  faultOf: ({ certificate }) => (certificate.subject.children.length > 0 ? undefined : "the subject is empty"),
};
