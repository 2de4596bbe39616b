import { equalBytes } from "../../lib/bytes.ts";
import type { CrlRule } from "./rule.ts";

export const issuer: CrlRule = {
  name: "crl_issuer_bytes_equal_root_subject",
  source: "RFC 5280, 5.1.2.3",
  code: "ERR_CRL_ISSUER",
  faultOf: ({ issuerDer, root }) =>
    equalBytes(issuerDer, root.subjectDer) ? undefined : "the issuer is not the root's subject, byte for byte",
};
