import { contentOf } from "../../der/read.ts";
import { equalBytes } from "../../lib/bytes.ts";
import { OID } from "../../lib/oids.ts";
import type { CrlRule } from "./rule.ts";

export const authorityKey: CrlRule = {
  name: "crl_authority_key_identifier_is_the_root_s_key",
  source: "RFC 5280, 5.2.1",
  code: "ERR_CRL_AUTHORITY_KEY",
  faultOf: ({ extensions, root }) => {
    const [keyIdentifier] = extensions.find(({ oid }) => oid === OID.authorityKeyIdentifier)?.value.children ?? [];
    return keyIdentifier === undefined || equalBytes(contentOf(keyIdentifier), root.ski)
      ? undefined
      : "authorityKeyIdentifier is not the root's key";
  },
};
