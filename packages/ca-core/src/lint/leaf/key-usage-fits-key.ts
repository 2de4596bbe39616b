import { KEY_ALGORITHMS } from "../../keys/algorithms.ts";
import { isPossibleBit } from "../../profile/usages.ts";
import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** What zlint has as e_ecdsa_allowed_ku, e_rsa_allowed_ku_ee, e_rsa_allowed_ku_ca and e_rsa_allowed_ku_no_encipherment_ca. */
export const keyUsageFitsKey: LintRule = {
  name: "key_usage_fits_the_key",
  source: "RFC 3279, 2.3.1; RFC 8813, 3; RFC 9295, 3",
  profiles: EVERY_PROFILE,
  faultOf: ({ keyUsage, keyAlgorithm, isCa }) => {
    if (keyUsage === undefined || keyAlgorithm === undefined) return undefined;
    const { kind } = KEY_ALGORITHMS[keyAlgorithm];
    const impossible = keyUsage.find((bit) => !isPossibleBit(bit, keyUsage, { kind, isCa }));
    return impossible === undefined
      ? undefined
      : `a key of type ${keyAlgorithm} cannot have the bit ${impossible} here`;
  },
};
