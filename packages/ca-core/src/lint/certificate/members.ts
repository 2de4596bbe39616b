import { TAG } from "../../der/tag.ts";
import { equalBytes } from "../../lib/bytes.ts";
import { EVERY_PROFILE, type LintedCertificate, type LintRule } from "../rule.ts";

const MEMBER_TAGS = Uint8Array.of(TAG.sequence, TAG.sequence, TAG.bitString);

export const members: LintRule<LintedCertificate> = {
  name: "certificate_has_three_members",
  source: "RFC 5280, 4.1",
  profiles: EVERY_PROFILE,
  faultOf: ({ whole }) =>
    whole.tag === TAG.sequence &&
    equalBytes(
      Uint8Array.from(whole.children, ({ tag }) => tag),
      MEMBER_TAGS,
    )
      ? undefined
      : "it is not tbsCertificate, signatureAlgorithm and signatureValue",
};
