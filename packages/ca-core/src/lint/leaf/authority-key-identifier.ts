import { contentOf } from "../../der/read.ts";
import { contextPrimitive } from "../../der/tag.ts";
import { equalBytes } from "../../lib/bytes.ts";
import { OID } from "../../lib/oids.ts";
import { EVERY_PROFILE, extensionOf, type LintRule } from "../rule.ts";

export const authorityKeyIdentifier: LintRule = {
  name: "authority_key_identifier_is_the_root_s_key",
  source: "RFC 5280, 4.2.1.1",
  profiles: EVERY_PROFILE,
  faultOf: (leaf) => {
    const extension = extensionOf(leaf, OID.authorityKeyIdentifier);
    if (extension === undefined) return undefined;
    const [keyIdentifier, ...more] = extension.value.children;
    if (keyIdentifier?.tag !== contextPrimitive(0) || more.length > 0)
      return "it must have the keyIdentifier form alone";
    return equalBytes(contentOf(keyIdentifier), leaf.root.ski)
      ? undefined
      : "it is not the root's subjectKeyIdentifier";
  },
};
