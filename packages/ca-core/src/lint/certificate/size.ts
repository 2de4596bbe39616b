import { EVERY_PROFILE, type LintedCertificate, type LintRule } from "../rule.ts";

export const certificateSize: LintRule<LintedCertificate> = {
  name: "certificate_is_not_too_large",
  source: "IAM Roles Anywhere: the certificate travels in a request header",
  profiles: EVERY_PROFILE,
  faultOf: ({ whole, profile: { maxCertificateBytes } }) =>
    whole.end - whole.start <= maxCertificateBytes
      ? undefined
      : `the certificate has ${whole.end - whole.start} bytes, at most ${maxCertificateBytes} are allowed`,
};
