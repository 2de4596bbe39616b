import { KEY_USAGE_BIT } from "../../profile/usages.ts";
import { constraintsOf, type LintRule } from "../rule.ts";

export const caKeyCertSign: LintRule = {
  name: "e_ca_key_cert_sign_not_set",
  source: "RFC 5280, 4.2.1.3",
  profiles: ["General"],
  faultOf: (leaf) =>
    constraintsOf(leaf).ca && leaf.keyUsage?.includes(KEY_USAGE_BIT.keyCertSign) === false
      ? "it is a CA certificate, and keyCertSign is not set"
      : undefined,
};
