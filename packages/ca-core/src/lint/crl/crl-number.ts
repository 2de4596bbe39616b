import { crlNumberOf } from "../../crl/crl-number.ts";
import { unsignedOf } from "../../der/fields.ts";
import { OID } from "../../lib/oids.ts";
import type { CrlRule, FoundCrl } from "./rule.ts";

export const crlNumber: CrlRule<FoundCrl> = {
  name: "crl_missing_crl_number",
  source: "RFC 5280, 5.2.3",
  code: "ERR_CRL_PROFILE",
  faultOf: ({ extensions }) => {
    const number = extensions.find(({ oid }) => oid === OID.crlNumber);
    if (number === undefined) return "cRLNumber is missing";
    // Throws for one that is negative or has more than 20 octets, which is then what the reader says.
    crlNumberOf(unsignedOf(number.value, "cRLNumber"));
    return undefined;
  },
};
