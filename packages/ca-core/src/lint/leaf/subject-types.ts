import type { LintRule } from "../rule.ts";

export const subjectTypes: LintRule = {
  name: "subject_types_map_into_tags",
  source: "IAM Roles Anywhere user guide, Trust model",
  profiles: ["RolesAnywhere"],
  faultOf: ({
    subject: { attributes },
    profile: {
      subject: { types },
    },
  }) =>
    types === "any" || attributes.every(({ type }) => types.includes(type))
      ? undefined
      : "an attribute is of a type that the profile does not have",
};
