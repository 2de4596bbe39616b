import { encodingOf } from "../../der/read.ts";
import { signatureAlgorithmOf } from "../../keys/signer.ts";
import { equalBytes } from "../../lib/bytes.ts";
import { EVERY_PROFILE, type LintedCertificate, type LintRule } from "../rule.ts";

/** That the inner one is right, the rules for what is signed have seen. */
export const outerAlgorithm: LintRule<LintedCertificate> = {
  name: "e_cert_sig_alg_not_match_tbs_sig_alg",
  source: "RFC 5280, 4.1.1.2",
  profiles: EVERY_PROFILE,
  faultOf: ({ algorithm, profile, root }) => {
    const expected = signatureAlgorithmOf(root.algorithm, profile.signingHash[root.algorithm]);
    return algorithm !== undefined && equalBytes(encodingOf(algorithm), expected)
      ? undefined
      : "the outer signature algorithm is not the inner one";
  },
};
