import { signatureAlgorithmOf } from "../keys/signer.ts";
import { equalBytes } from "../lib/bytes.ts";
import type { LintRule } from "./rule.ts";

export const signatureAlgorithm: LintRule = {
  name: "signature_algorithm_is_sha256_of_the_root_key",
  source: "RFC 5280, 4.1.2.3; RFC 4055, 5; RFC 5758, 3.2",
  faultOf: ({ certificate, root }) =>
    equalBytes(certificate.signatureAlgorithm, signatureAlgorithmOf(root.algorithm))
      ? undefined
      : "the signature algorithm does not fit the root's key, or its parameters are wrong",
};
