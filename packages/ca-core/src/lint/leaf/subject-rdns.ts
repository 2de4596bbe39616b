import type { LintRule } from "../rule.ts";

export const subjectRdns: LintRule = {
  name: "n_multiple_subject_rdn",
  source: "IAM Roles Anywhere user guide, Trust model",
  profiles: ["RolesAnywhere"],
  faultOf: ({ subject }) => (subject.sharedRdnTypes.length === 0 ? undefined : "two attributes share one RDN"),
};
