import type { LintRule } from "../rule.ts";

export const subjectEmptyWithoutSan: LintRule = {
  name: "e_subject_empty_without_san",
  source: "RFC 5280, 4.1.2.6",
  profiles: ["General"],
  faultOf: ({ certificate, alternativeNames }) =>
    certificate.subject.children.length > 0 || alternativeNames !== undefined
      ? undefined
      : "there is neither a subject nor an alternative name",
};
