import { EVERY_PROFILE, type LintRule } from "../rule.ts";

export const subjectAltNameKinds: LintRule = {
  name: "subject_alt_names_are_of_the_profile_s_kinds",
  source: "RFC 5280, 4.2.1.6",
  profiles: EVERY_PROFILE,
  faultOf: ({ alternativeNames, profile }) => {
    const foreign = alternativeNames?.names.find(({ kind }) => profile.alternativeNames[kind] === undefined);
    return foreign === undefined ? undefined : `the profile has no names of kind ${foreign.kind}`;
  },
};
