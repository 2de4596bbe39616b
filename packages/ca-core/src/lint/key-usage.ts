import { namedBitsOf } from "../der/fields.ts";
import { encodingOf } from "../der/read.ts";
import { objectIdentifier } from "../der/write.ts";
import { equalBytes } from "../lib/bytes.ts";
import { OID } from "../lib/oids.ts";
import { extensionOf, type LintRule } from "./rule.ts";

const EC = objectIdentifier(OID.ecPublicKey);

export const keyUsage: LintRule = {
  name: "key_usage_has_digital_signature_and_fits_the_key",
  source: "RFC 5280, 4.2.1.3; RFC 8813, 3; IAM Roles Anywhere user guide, Trust model",
  faultOf: (leaf) => {
    const value = extensionOf(leaf, OID.keyUsage)?.value;
    if (value === undefined) return "keyUsage is missing";
    const bits = namedBitsOf(value, "KeyUsage");
    if (!bits.includes(0)) return "digitalSignature is not set";
    if (bits.includes(5) || bits.includes(6)) return "keyCertSign or cRLSign is set";
    if (bits.some((bit) => bit > 8)) return "a bit is set that has no meaning";
    const algorithm = leaf.certificate.spki.children[0]?.children[0];
    const isEc = algorithm !== undefined && equalBytes(encodingOf(algorithm), EC);
    return isEc && (bits.includes(2) || bits.includes(3)) ? "encipherment is set for an EC key" : undefined;
  },
};
