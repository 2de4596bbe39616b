import { encodingOf } from "../der/read.ts";
import { equalBytes } from "../lib/bytes.ts";
import type { LintRule } from "./rule.ts";

export const publicKey: LintRule = {
  name: "public_key_is_not_the_root_key",
  source: "RFC 5280, 3.2",
  faultOf: ({ certificate, root }) =>
    equalBytes(encodingOf(certificate.spki), root.spki) ? "the public key is the root's own" : undefined,
};
