import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** That it is positive and in its shortest form, the reader has seen. */
export const serial: LintRule = {
  name: "serial_is_16_octets",
  source: "RFC 5280, 4.1.2.2",
  profiles: EVERY_PROFILE,
  faultOf: ({ certificate }) =>
    /^[0-7][0-9a-f]{31}$/.test(certificate.serial)
      ? undefined
      : "the serial number is not 16 octets with a clear top bit",
};
