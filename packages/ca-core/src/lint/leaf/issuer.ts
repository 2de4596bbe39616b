import { encodingOf } from "../../der/read.ts";
import { equalBytes } from "../../lib/bytes.ts";
import { EVERY_PROFILE, type LintRule } from "../rule.ts";

export const issuer: LintRule = {
  name: "issuer_bytes_equal_root_subject",
  source: "RFC 5280, 4.1.2.4",
  profiles: EVERY_PROFILE,
  faultOf: ({ certificate, root }) =>
    equalBytes(encodingOf(certificate.issuer), root.subjectDer)
      ? undefined
      : "the issuer is not the root's subject, byte for byte",
};
