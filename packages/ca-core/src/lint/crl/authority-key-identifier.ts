import { contextPrimitive } from "../../der/tag.ts";
import { OID } from "../../lib/oids.ts";
import type { CrlRule, FoundCrl } from "./rule.ts";

/** Issuer and serial would stand in the way of a root that is issued again. */
export const authorityKeyIdentifier: CrlRule<FoundCrl> = {
  name: "crl_has_authority_key_identifier",
  source: "RFC 5280, 5.2.1",
  code: "ERR_CRL_PROFILE",
  faultOf: ({ extensions }) => {
    const found = extensions.find(({ oid }) => oid === OID.authorityKeyIdentifier);
    if (found === undefined) return "authorityKeyIdentifier is missing";
    const [keyIdentifier, ...more] = found.value.children;
    return keyIdentifier?.tag === contextPrimitive(0) && more.length === 0
      ? undefined
      : "authorityKeyIdentifier must have the keyIdentifier form alone";
  },
};
