import { OID } from "../../lib/oids.ts";
import type { CrlRule, FoundCrl } from "./rule.ts";

const ALLOWED: readonly string[] = [OID.authorityKeyIdentifier, OID.crlNumber];

/** No delta, indirect or partitioned CRL: AWS documents nothing of them. */
export const extensionSet: CrlRule<FoundCrl> = {
  name: "crl_has_no_other_extension",
  source: "RFC 5280, 5.2",
  code: "ERR_CRL_PROFILE",
  faultOf: ({ extensions }) => {
    const foreign = extensions.find(({ oid }) => !ALLOWED.includes(oid));
    return foreign === undefined ? undefined : `extension ${foreign.oid} does not belong into it`;
  },
};
