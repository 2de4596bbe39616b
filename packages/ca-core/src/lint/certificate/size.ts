import { encodingOf } from "../../der/read.ts";
import { EVERY_PROFILE, type LintedCertificate, type LintRule } from "../rule.ts";

export const certificateSize: LintRule<LintedCertificate> = {
  name: "certificate_is_not_too_large",
  source: "IAM Roles Anywhere: the certificate travels in a request header",
  profiles: EVERY_PROFILE,
  faultOf: ({ whole, profile: { maxCertificateBytes } }) =>
    encodingOf(whole).length <= maxCertificateBytes
      ? undefined
      : `the certificate has ${encodingOf(whole).length} bytes, at most ${maxCertificateBytes} are allowed`,
};
