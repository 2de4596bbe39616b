import { encodingOf } from "../../der/read.ts";
import { equalBytes } from "../../lib/bytes.ts";
import { EVERY_PROFILE, type LintRule } from "../rule.ts";

export const publicKeyNotRoot: LintRule = {
  name: "public_key_is_not_the_root_key",
  source: "RFC 5280, 3.2",
  profiles: EVERY_PROFILE,
  faultOf: ({ certificate, root }) =>
    equalBytes(encodingOf(certificate.spki), root.spki) ? "the public key is the root's own" : undefined,
};
