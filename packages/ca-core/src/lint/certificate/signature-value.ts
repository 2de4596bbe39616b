import { wholeOctetsOf } from "../../der/fields.ts";
import { DerError } from "../../errors.ts";
import { assertSignatureForm } from "../../keys/signature.ts";
import { EVERY_PROFILE, type LintedCertificate, type LintRule } from "../rule.ts";

/** Whole octets, and of the form of a signature by a key of the root's type; for RSA as well, which zlint leaves out. */
export const signatureValue: LintRule<LintedCertificate> = {
  name: "e_mp_ecdsa_signature_encoding_correct",
  source: "RFC 3279, 2.2; RFC 8017, 8.2.2",
  profiles: EVERY_PROFILE,
  faultOf: ({ signature, root }) => {
    if (signature === undefined) return "there is no signature";
    try {
      assertSignatureForm(root.algorithm, wholeOctetsOf(signature, "signatureValue"));
      return undefined;
    } catch (error) {
      if (error instanceof DerError || error instanceof RangeError) return error.message;
      throw error;
    }
  },
};
