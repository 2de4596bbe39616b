import { wholeOctetsOf } from "../../der/fields.ts";
import { contentOf } from "../../der/read.ts";
import { equalBytes, sha1 } from "../../lib/bytes.ts";
import { OID } from "../../lib/oids.ts";
import { EVERY_PROFILE, extensionOf, type LintRule } from "../rule.ts";

export const subjectKeyIdentifier: LintRule = {
  name: "subject_key_identifier_is_the_hash_of_the_key",
  source: "RFC 5280, 4.2.1.2, method 1",
  profiles: EVERY_PROFILE,
  faultOf: (leaf) => {
    const value = extensionOf(leaf, OID.subjectKeyIdentifier)?.value;
    const bits = leaf.certificate.spki.children[1];
    if (value === undefined || bits === undefined) return undefined;
    return equalBytes(contentOf(value), sha1(wholeOctetsOf(bits, "subjectPublicKey")))
      ? undefined
      : "subjectKeyIdentifier is not the SHA-1 of the public key's bits";
  },
};
