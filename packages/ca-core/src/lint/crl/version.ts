import { equalBytes } from "../../lib/bytes.ts";
import type { CrlRule, FoundCrl } from "./rule.ts";

const VERSION_2 = Uint8Array.of(1);

export const version: CrlRule<FoundCrl> = {
  name: "crl_version_is_v2",
  source: "RFC 5280, 5.1.2.1",
  code: "ERR_CRL_PROFILE",
  faultOf: (crl) => (equalBytes(crl.version, VERSION_2) ? undefined : "the version must be v2"),
};
