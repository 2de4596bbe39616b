import { KEY_USAGE_BIT } from "../../profile/usages.ts";
import { constraintsOf, EVERY_PROFILE, type LintRule } from "../rule.ts";

export const keyUsageCertSignWithoutCa: LintRule = {
  name: "e_ext_key_usage_cert_sign_without_ca",
  source: "RFC 5280, 4.2.1.9",
  profiles: EVERY_PROFILE,
  faultOf: (leaf) => {
    const signs = leaf.keyUsage?.some((bit) => bit === KEY_USAGE_BIT.keyCertSign || bit === KEY_USAGE_BIT.cRLSign);
    return signs && !constraintsOf(leaf).ca ? "keyCertSign or cRLSign is set, and it is no CA certificate" : undefined;
  },
};
