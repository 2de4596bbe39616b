import { equalBytes } from "../../lib/bytes.ts";
import type { CrlRule, FoundCrl } from "./rule.ts";

export const signatureAlgorithms: CrlRule<FoundCrl> = {
  name: "crl_signature_algorithms_are_equal",
  source: "RFC 5280, 5.1.1.2",
  code: "ERR_CRL_PROFILE",
  faultOf: ({ signatureAlgorithm, outerAlgorithm }) =>
    outerAlgorithm === undefined || equalBytes(signatureAlgorithm, outerAlgorithm)
      ? undefined
      : "the two signature algorithms differ",
};
