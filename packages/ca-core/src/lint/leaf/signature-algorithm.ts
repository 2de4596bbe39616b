import { signatureAlgorithmOf } from "../../keys/signer.ts";
import { equalBytes } from "../../lib/bytes.ts";
import { EVERY_PROFILE, type LintRule } from "../rule.ts";

export const signatureAlgorithm: LintRule = {
  name: "signature_algorithm_is_the_profile_s_for_the_root_key",
  source: "RFC 5280, 4.1.2.3; RFC 4055, 5; RFC 5758, 3.2",
  profiles: EVERY_PROFILE,
  faultOf: ({ certificate, profile, root: { algorithm } }) =>
    equalBytes(certificate.signatureAlgorithm, signatureAlgorithmOf(algorithm, profile.signingHash[algorithm]))
      ? undefined
      : "the signature algorithm does not fit the profile and the root's key, or its parameters are wrong",
};
