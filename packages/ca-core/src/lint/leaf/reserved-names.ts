import { isReservedAlternativeName } from "../../profile/check-san.ts";
import { isReservedName } from "../../profile/reserved-names.ts";
import { EVERY_PROFILE, type LintRule } from "../rule.ts";

/** Whoever could have such a name could publish CRLs and change trust anchors. */
export const reservedNames: LintRule = {
  name: "reserved_names_are_on_own_leaves_alone",
  source: "Capstan: the names of the publisher and the canary",
  profiles: EVERY_PROFILE,
  faultOf: ({ subject: { attributes }, alternativeNames, isOwnLeaf }) => {
    if (isOwnLeaf) {
      const isNamed = attributes.some(({ type, value }) => type === "CN" && isReservedName(value));
      return isNamed ? undefined : "a leaf of Capstan's own must have one of its own names as CN";
    }
    const isReserved =
      attributes.some(({ value }) => isReservedName(value)) ||
      (alternativeNames?.names.some(isReservedAlternativeName) ?? false);
    return isReserved ? "a name is kept for Capstan's own leaves" : undefined;
  },
};
