import { TAG } from "../../der/tag.ts";
import { EVERY_PROFILE, type LintedCertificate, type LintRule } from "../rule.ts";

export const members: LintRule<LintedCertificate> = {
  name: "certificate_has_three_members",
  source: "RFC 5280, 4.1",
  profiles: EVERY_PROFILE,
  faultOf: ({ whole, tbs, algorithm, signature }) =>
    whole.tag === TAG.sequence &&
    whole.children.length === 3 &&
    tbs?.tag === TAG.sequence &&
    algorithm?.tag === TAG.sequence &&
    signature?.tag === TAG.bitString
      ? undefined
      : "it is not tbsCertificate, signatureAlgorithm and signatureValue",
};
