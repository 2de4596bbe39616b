import { KEY_USAGE_BIT } from "../../profile/usages.ts";
import type { LintRule } from "../rule.ts";

export const keyUsageDigitalSignature: LintRule = {
  name: "key_usage_has_digital_signature",
  source: "IAM Roles Anywhere user guide, Trust model",
  profiles: ["RolesAnywhere"],
  faultOf: ({ keyUsage }) =>
    keyUsage?.includes(KEY_USAGE_BIT.digitalSignature) === false ? "digitalSignature is not set" : undefined,
};
