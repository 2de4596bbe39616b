import { OID } from "../../lib/oids.ts";
import type { CrlRule, FoundCrl } from "./rule.ts";

/** That it is a positive INTEGER of at most 20 octets, its reader sees to. */
export const crlNumber: CrlRule<FoundCrl> = {
  name: "crl_missing_crl_number",
  source: "RFC 5280, 5.2.3",
  code: "ERR_CRL_PROFILE",
  faultOf: ({ extensions }) =>
    extensions.some(({ oid }) => oid === OID.crlNumber) ? undefined : "cRLNumber is missing",
};
