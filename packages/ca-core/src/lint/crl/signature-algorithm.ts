import { signatureAlgorithmOf } from "../../keys/signer.ts";
import { equalBytes } from "../../lib/bytes.ts";
import type { CrlRule } from "./rule.ts";

export const signatureAlgorithm: CrlRule = {
  name: "crl_signature_algorithm_is_sha256_of_the_root_key",
  source: "RFC 5280, 5.1.2.2; RFC 4055, 5; RFC 5758, 3.2",
  code: "ERR_CRL_SIGNATURE",
  faultOf: (crl) =>
    equalBytes(crl.signatureAlgorithm, signatureAlgorithmOf(crl.root.algorithm))
      ? undefined
      : "the signature algorithm does not fit the root's key, or its parameters are wrong",
};
