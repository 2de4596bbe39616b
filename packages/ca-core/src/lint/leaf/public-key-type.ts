import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** That the key is sound and in its canonical encoding, prepareLeaf has checked. */
export const publicKeyType: LintRule = {
  name: "public_key_type_is_the_profile_s",
  source: "RFC 3279, 2.3; RFC 5480, 2; RFC 8410, 3",
  profiles: EVERY_PROFILE,
  faultOf: ({ keyAlgorithm, profile }) =>
    keyAlgorithm !== undefined && profile.keyAlgorithms.includes(keyAlgorithm)
      ? undefined
      : "the public key is of a type that the profile does not have",
};
