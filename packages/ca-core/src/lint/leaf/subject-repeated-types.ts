import type { LintRule } from "../rule.ts";

/** AWS joins repeated attributes with a slash. */
export const subjectRepeatedTypes: LintRule = {
  name: "subject_types_appear_once",
  source: "IAM Roles Anywhere user guide, Trust model",
  profiles: ["RolesAnywhere"],
  faultOf: ({ subject: { attributes } }) =>
    new Set(attributes.map(({ oid }) => oid)).size === attributes.length ? undefined : "an attribute appears twice",
};
